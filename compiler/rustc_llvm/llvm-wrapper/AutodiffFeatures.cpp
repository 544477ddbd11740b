// Vectors between functions that are compiled for different processors.
//
// In which registers a vector is passed depends on what the processor of the function has. rustc
// passes vectors in memory, so that a function with `#[target_feature]` and its caller agree.
// What Enzyme passes from a function to its reverse has vectors by value. Here they become arrays.

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

using namespace llvm;

// In AutodiffPointers.cpp.
CallBase *LLVMRustCallInstead(CallBase &Old, Function &Callee, ArrayRef<Value *> Args);

namespace {

Type *withoutVectors(Type *Ty) {
  if (auto *Vector = dyn_cast<FixedVectorType>(Ty))
    return ArrayType::get(Vector->getElementType(), Vector->getNumElements());
  if (auto *Array = dyn_cast<ArrayType>(Ty))
    return ArrayType::get(withoutVectors(Array->getElementType()), Array->getNumElements());
  auto *Struct = dyn_cast<StructType>(Ty);
  if (!Struct)
    return Ty;
  SmallVector<Type *> Elements;
  for (Type *Element : Struct->elements())
    Elements.push_back(withoutVectors(Element));
  return StructType::get(Ty->getContext(), Elements, Struct->isPacked());
}

// \p V as a \p To that is the same but for its vectors, or but for arrays in their place.
Value *convert(Value *V, Type *To, IRBuilder<> &Builder) {
  Type *From = V->getType();
  if (From == To)
    return V;
  auto *Vector = dyn_cast<FixedVectorType>(isa<FixedVectorType>(From) ? From : To);
  unsigned Count = Vector ? Vector->getNumElements()
                   : isa<StructType>(To) ? To->getStructNumElements()
                                         : To->getArrayNumElements();
  Value *Result = PoisonValue::get(To);
  for (unsigned Index = 0; Index < Count; ++Index) {
    Value *Element = isa<FixedVectorType>(From) ? Builder.CreateExtractElement(V, Index)
                                                : Builder.CreateExtractValue(V, Index);
    if (!Vector)
      Element = convert(Element, ExtractValueInst::getIndexedType(To, Index), Builder);
    Result = isa<FixedVectorType>(To) ? Builder.CreateInsertElement(Result, Element, Index)
                                      : Builder.CreateInsertValue(Result, Element, Index);
  }
  return Result;
}

bool areOfOneKind(const Function &A, const Function &B) {
  return all_of(ArrayRef{"target-cpu", "target-features"}, [&](StringRef Name) {
    return A.getFnAttribute(Name) == B.getFnAttribute(Name);
  });
}

// The calls of \p F, if they are all that is done with it, and one is from another kind of function.
SmallVector<CallBase *> callsFromElsewhere(Function &F) {
  SmallVector<CallBase *> Calls;
  bool IsElsewhere = false;
  for (User *U : F.users()) {
    auto *Call = dyn_cast<CallBase>(U);
    if (!Call || Call->getCalledFunction() != &F)
      return {};
    IsElsewhere |= !areOfOneKind(F, *Call->getFunction());
    Calls.push_back(Call);
  }
  return IsElsewhere ? Calls : SmallVector<CallBase *>();
}

void passArrays(Function &F, FunctionType *Ty, ArrayRef<CallBase *> Calls) {
  auto *New = Function::Create(Ty, F.getLinkage(), F.getAddressSpace(), "", F.getParent());
  New->copyAttributesFrom(&F);
  New->copyMetadata(&F, 0);
  New->takeName(&F);
  New->splice(New->begin(), &F);
  IRBuilder<> Entry(&*New->getEntryBlock().getFirstInsertionPt());
  for (Argument &Arg : F.args())
    Arg.replaceAllUsesWith(convert(New->getArg(Arg.getArgNo()), Arg.getType(), Entry));
  for (BasicBlock &BB : *New)
    if (auto *Return = dyn_cast<ReturnInst>(BB.getTerminator()); Return && Return->getReturnValue()) {
      IRBuilder<> Builder(Return);
      Return->setOperand(0, convert(Return->getReturnValue(), Ty->getReturnType(), Builder));
    }
  for (CallBase *Old : Calls) {
    IRBuilder<> Builder(Old);
    SmallVector<Value *> Args;
    for (Argument &Arg : New->args())
      Args.push_back(convert(Old->getArgOperand(Arg.getArgNo()), Arg.getType(), Builder));
    if (auto *Invoke = dyn_cast<InvokeInst>(Old);
        Invoke && !Invoke->getNormalDest()->getSinglePredecessor())
      SplitEdge(Invoke->getParent(), Invoke->getNormalDest());
    CallBase *Call = LLVMRustCallInstead(*Old, *New, Args);
    if (auto *Invoke = dyn_cast<InvokeInst>(Call)) {
      BasicBlock *Next = Invoke->getNormalDest();
      Builder.SetInsertPoint(Next, Next->getFirstInsertionPt());
    }
    Old->replaceAllUsesWith(convert(Call, Old->getType(), Builder));
    Old->eraseFromParent();
  }
  F.eraseFromParent();
}

} // namespace

void LLVMRustPassArraysForVectors(Module &M) {
  for (Function &F : make_early_inc_range(M)) {
    if (!F.hasLocalLinkage() || F.isDeclaration())
      continue;
    SmallVector<Type *> Params;
    for (Type *Param : F.getFunctionType()->params())
      Params.push_back(withoutVectors(Param));
    auto *Ty = FunctionType::get(withoutVectors(F.getReturnType()), Params, F.isVarArg());
    if (Ty == F.getFunctionType())
      continue;
    if (SmallVector<CallBase *> Calls = callsFromElsewhere(F); !Calls.empty())
      passArrays(F, Ty, Calls);
  }
}
