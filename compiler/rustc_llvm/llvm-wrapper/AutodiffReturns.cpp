// What a function returns, in a form that Enzyme differentiates.

#include "LLVMWrapper.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/PassManager.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

using namespace llvm;

namespace {

// Returns through memory what has both a pointer and a float in it. Enzyme returns
// the shadow of the pointer, and no derivative goes through the float.
struct ReturnPass : PassInfoMixin<ReturnPass> {
  PreservedAnalyses run(Module &M, ModuleAnalysisManager &) {
    SmallVector<Function *> Mixed;
    for (Function &F : M)
      if (F.hasLocalLinkage() && !F.isDeclaration() && !F.hasAddressTaken() &&
          isMixed(F.getReturnType()))
        Mixed.push_back(&F);
    for (Function *F : Mixed)
      rewrite(*F);
    return PreservedAnalyses::none();
  }

private:
  static bool isMixed(Type *Ty) {
    auto *Struct = dyn_cast<StructType>(Ty);
    return Struct &&
           any_of(Struct->elements(), [](Type *T) { return T->isPointerTy(); }) &&
           any_of(Struct->elements(),
                  [](Type *T) { return T->isFPOrFPVectorTy(); });
  }

  // The attributes of a function or a call with one more parameter in front.
  static AttributeList shifted(const AttributeList &Attrs, unsigned Count,
                               LLVMContext &C) {
    SmallVector<AttributeSet> Params{AttributeSet::get(
        C, {Attribute::get(C, Attribute::NoAlias),
            Attribute::get(C, Attribute::NonNull)})};
    for (unsigned Index = 0; Index < Count; ++Index)
      Params.push_back(Attrs.getParamAttrs(Index));
    // It writes memory now.
    AttributeSet FnAttrs =
        Attrs.getFnAttrs().removeAttribute(C, Attribute::Memory);
    return AttributeList::get(C, FnAttrs, AttributeSet(), Params);
  }

  static void rewrite(Function &Old) {
    LLVMContext &C = Old.getContext();
    auto *Ty = cast<StructType>(Old.getReturnType());
    SmallVector<Type *> Params{PointerType::getUnqual(C)};
    append_range(Params, Old.getFunctionType()->params());
    Function *New = Function::Create(
        FunctionType::get(Type::getVoidTy(C), Params, false), Old.getLinkage(),
        Old.getAddressSpace(), "", Old.getParent());
    New->takeName(&Old);
    New->copyAttributesFrom(&Old);
    New->setAttributes(shifted(Old.getAttributes(), Old.arg_size(), C));
    New->copyMetadata(&Old, 0);
    New->splice(New->begin(), &Old);
    for (Argument &Arg : Old.args())
      Arg.replaceAllUsesWith(New->getArg(Arg.getArgNo() + 1));
    for (BasicBlock &BB : *New)
      if (auto *Return = dyn_cast<ReturnInst>(BB.getTerminator())) {
        IRBuilder<> Builder(Return);
        for (unsigned Index = 0; Index < Ty->getNumElements(); ++Index)
          Builder.CreateStore(
              Builder.CreateExtractValue(Return->getReturnValue(), Index),
              Builder.CreateStructGEP(Ty, New->getArg(0), Index));
        Builder.CreateRetVoid();
        Return->eraseFromParent();
      }
    for (User *U : make_early_inc_range(Old.users()))
      redirect(cast<CallBase>(*U), *New, Ty);
    Old.eraseFromParent();
  }

  static void redirect(CallBase &Old, Function &Callee, StructType *Ty) {
    Function &Caller = *Old.getFunction();
    IRBuilder<> Entry(&*Caller.getEntryBlock().getFirstInsertionPt());
    Value *Place = Entry.CreateAlloca(Ty);
    SmallVector<Value *> Args{Place};
    append_range(Args, Old.args());
    IRBuilder<> Builder(&Old);
    CallBase *New;
    if (auto *Invoke = dyn_cast<InvokeInst>(&Old)) {
      BasicBlock *Then = SplitEdge(Old.getParent(), Invoke->getNormalDest());
      New = Builder.CreateInvoke(&Callee, Then, Invoke->getUnwindDest(), Args);
      Builder.SetInsertPoint(&*Then->getFirstInsertionPt());
    } else {
      New = Builder.CreateCall(&Callee, Args);
    }
    New->setCallingConv(Old.getCallingConv());
    New->setAttributes(
        shifted(Old.getAttributes(), Old.arg_size(), Old.getContext()));
    New->setDebugLoc(Old.getDebugLoc());
    Value *Returned = PoisonValue::get(Ty);
    for (unsigned Index = 0; Index < Ty->getNumElements(); ++Index)
      Returned = Builder.CreateInsertValue(
          Returned,
          Builder.CreateLoad(Ty->getElementType(Index),
                             Builder.CreateStructGEP(Ty, Place, Index)),
          Index);
    Old.replaceAllUsesWith(Returned);
    Old.eraseFromParent();
  }
};

} // namespace

void LLVMRustAddReturnsThroughMemory(ModulePassManager &MPM) {
  MPM.addPass(ReturnPass());
}
