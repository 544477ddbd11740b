// What a function returns, in a form that Enzyme differentiates.

#include "LLVMWrapper.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/AttributeMask.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/PassManager.h"
#include "llvm/IR/ValueHandle.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"
#include "llvm/Transforms/Utils/Local.h"

using namespace llvm;

// In AutodiffIndirect.cpp.
bool LLVMRustOnlySliceCalls(const Function *F);

// In AutodiffTypes.cpp.
void LLVMRustTagReturned(LoadInst &Load, const Function &Callee);

namespace {

// Returns through memory what has a float in it and something else. Of a pointer,
// Enzyme returns the shadow, and no derivative goes through the float. The tangent
// of an integer in such a value is zero to it, be it the tag of an enum, while that
// of an integer alone is the integer.
//
// Returns floats as floats, where rustc has made an integer of an array of them:
// Enzyme has no adjoint of an integer that is used in another block.
struct ReturnPass : PassInfoMixin<ReturnPass> {
  PreservedAnalyses run(Module &M, ModuleAnalysisManager &) {
    SmallVector<Function *> Mixed, Integers;
    for (Function &F : M)
      if (LLVMRustOnlySliceCalls(&F)) {
        if (isMixed(F.getReturnType()))
          Mixed.push_back(&F);
        else if (F.getReturnType()->isIntegerTy())
          Integers.push_back(&F);
      }
    for (Function *F : Mixed)
      rewrite(*F);
    for (Function *F : Integers)
      if (Type *Float = floatReturnedBy(*F))
        returnFloat(*F, Float);
    for (Function &F : M)
      splitMixed(F);
    return PreservedAnalyses::none();
  }

private:
  static bool isMixed(Type *Ty) {
    auto *Struct = dyn_cast<StructType>(Ty);
    auto isFloat = [](Type *T) { return T->isFPOrFPVectorTy(); };
    return Struct && any_of(Struct->elements(), isFloat) &&
           !all_of(Struct->elements(), isFloat);
  }

  static bool holdsFloat(Type *Ty) {
    auto *Struct = dyn_cast<StructType>(Ty);
    return Struct && any_of(Struct->elements(),
                            [](Type *T) { return T->isFPOrFPVectorTy(); });
  }

  // What the integer that is returned has been, or becomes where it is used.
  static Type *floatReturnedBy(Function &F) {
    for (BasicBlock &BB : F)
      if (auto *Return = dyn_cast<ReturnInst>(BB.getTerminator()))
        if (auto *Cast = dyn_cast<BitCastInst>(Return->getReturnValue()))
          if (Cast->getSrcTy()->isFPOrFPVectorTy())
            return Cast->getSrcTy();
    for (User *Call : F.users())
      for (User *U : Call->users())
        if (auto *Cast = dyn_cast<BitCastInst>(U))
          if (Cast->getDestTy()->isFPOrFPVectorTy())
            return Cast->getDestTy();
    return nullptr;
  }

  static void returnFloat(Function &Old, Type *Float) {
    FunctionType *OldTy = Old.getFunctionType();
    auto *Ty = FunctionType::get(Float, OldTy->params(), false);
    Function *New = Function::Create(Ty, Old.getLinkage(), Old.getAddressSpace(),
                                     "", Old.getParent());
    New->takeName(&Old);
    New->copyAttributesFrom(&Old);
    LLVMContext &C = Old.getContext();
    New->setAttributes(withReturnOf(Float, Old.getAttributes(), C));
    New->copyMetadata(&Old, 0);
    New->splice(New->begin(), &Old);
    for (Argument &Arg : Old.args())
      Arg.replaceAllUsesWith(New->getArg(Arg.getArgNo()));
    for (BasicBlock &BB : *New)
      if (auto *Return = dyn_cast<ReturnInst>(BB.getTerminator()))
        Return->setOperand(0, asFloat(Return->getReturnValue(), Float, Return));
    for (User *U : make_early_inc_range(Old.users())) {
      auto *Call = cast<CallBase>(U);
      SmallVector<Use *> Uses(make_pointer_range(Call->uses()));
      Call->setAttributes(withReturnOf(Float, Call->getAttributes(), C));
      Call->mutateFunctionType(Ty);
      Call->setCalledOperand(New);
      if (Uses.empty())
        continue;
      if (auto *Invoke = dyn_cast<InvokeInst>(Call))
        SplitEdge(Invoke->getParent(), Invoke->getNormalDest());
      auto *Integer =
          new BitCastInst(Call, OldTy->getReturnType(), "",
                          *Call->getInsertionPointAfterDef());
      for (Use *Used : Uses)
        Used->set(Integer);
      for (User *Cast : make_early_inc_range(Integer->users()))
        if (isa<BitCastInst>(Cast) && Cast->getType() == Float) {
          Cast->replaceAllUsesWith(Call);
          cast<Instruction>(Cast)->eraseFromParent();
        }
    }
    Old.eraseFromParent();
  }

  static AttributeList withReturnOf(Type *Ty, const AttributeList &Attrs,
                                    LLVMContext &C) {
    return Attrs.removeRetAttributes(
        C, AttributeFuncs::typeIncompatible(Ty, Attrs.getRetAttrs()));
  }

  static Value *asFloat(Value *Integer, Type *Float, Instruction *Before) {
    if (auto *Cast = dyn_cast<BitCastInst>(Integer))
      if (Cast->getSrcTy() == Float)
        return Cast->getOperand(0);
    return IRBuilder<>(Before).CreateBitCast(Integer, Float);
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

  // Takes what is extracted from such a value from where it was put in.
  static void splitMixed(Function &F) {
    DenseMap<std::pair<Value *, unsigned>, PHINode *> Phis;
    SmallVector<WeakTrackingVH> Used;
    for (Instruction &I : make_early_inc_range(instructions(F))) {
      auto *Extract = dyn_cast<ExtractValueInst>(&I);
      if (!Extract || Extract->getNumIndices() != 1)
        continue;
      Value *Struct = Extract->getAggregateOperand();
      if (!holdsFloat(Struct->getType()))
        continue;
      if (Value *Element = element(Struct, Extract->getIndices().front(), Phis)) {
        Extract->replaceAllUsesWith(Element);
        Extract->eraseFromParent();
        Used.push_back(Struct);
      }
    }
    for (Value *Struct : Used)
      if (auto *Phi = dyn_cast_or_null<PHINode>(Struct))
        RecursivelyDeleteDeadPHINode(Phi);
      else if (Struct)
        RecursivelyDeleteTriviallyDeadInstructions(Struct);
  }

  // An element of a struct, unless it has to be extracted.
  static Value *element(Value *Struct, unsigned Index,
                        DenseMap<std::pair<Value *, unsigned>, PHINode *> &Phis) {
    while (auto *Insert = dyn_cast<InsertValueInst>(Struct)) {
      if (Insert->getIndices().front() == Index)
        return Insert->getNumIndices() == 1 ? Insert->getInsertedValueOperand()
                                            : nullptr;
      Struct = Insert->getAggregateOperand();
    }
    if (auto *Known = dyn_cast<Constant>(Struct))
      return Known->getAggregateElement(Index);
    auto *Phi = dyn_cast<PHINode>(Struct);
    // Nothing can be extracted between an invoke and its successor.
    if (!Phi || any_of(Phi->incoming_values(), IsaPred<InvokeInst>))
      return nullptr;
    if (PHINode *Split = Phis.lookup({Phi, Index}))
      return Split;
    Type *Ty = cast<StructType>(Phi->getType())->getElementType(Index);
    PHINode *Split = PHINode::Create(Ty, Phi->getNumIncomingValues(), "",
                                     Phi->getIterator());
    Phis[{Phi, Index}] = Split;
    for (unsigned From = 0; From < Phi->getNumIncomingValues(); ++From) {
      Value *Incoming = Phi->getIncomingValue(From);
      BasicBlock *Block = Phi->getIncomingBlock(From);
      // A block may come in by several edges, all with one value.
      int Seen = Split->getBasicBlockIndex(Block);
      Value *Element = Seen < 0 ? element(Incoming, Index, Phis)
                                : Split->getIncomingValue(Seen);
      if (!Element)
        Element = ExtractValueInst::Create(Incoming, Index, "",
                                           Block->getTerminator()->getIterator());
      Split->addIncoming(Element, Block);
    }
    return Split;
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
    for (unsigned Index = 0; Index < Ty->getNumElements(); ++Index) {
      LoadInst *Load = Builder.CreateLoad(Ty->getElementType(Index),
                                          Builder.CreateStructGEP(Ty, Place, Index));
      LLVMRustTagReturned(*Load, Callee);
      Returned = Builder.CreateInsertValue(Returned, Load, Index);
    }
    Old.replaceAllUsesWith(Returned);
    Old.eraseFromParent();
  }
};

} // namespace

void LLVMRustAddReturnsThroughMemory(ModulePassManager &MPM) {
  MPM.addPass(ReturnPass());
}
