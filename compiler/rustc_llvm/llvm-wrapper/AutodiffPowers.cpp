// Powers of zero.
//
// Enzyme takes the derivative of `x^y` by `y` for `x^y ln x`, and that by `x` for `y x^(y-1)`. Where
// `x` is zero, the first is zero times infinity, and the second is, too, where `y` is zero: NaN.
// But zero to any power is zero, unless the exponent is negative, and anything to the power of zero
// is one. So for an `x` that is zero, there is a call of its own, of which the exponent is a constant,
// and `x` as well where the exponent is zero. Enzyme itself has the first of the two since June 2026.

#include "LLVMWrapper.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

using namespace llvm;

// In AutodiffTypes.cpp.
Function *LLVMRustDeclareMarker(Module &M, StringRef Name, FunctionType *Ty);

namespace {

// Begins the name of what gives the float that it is passed, as a constant.
constexpr StringRef ConstantName = "rustc.autodiff.constant.";

Value *constant(Value *Float, IRBuilder<> &Builder) {
  Type *Ty = Float->getType();
  std::string Name;
  raw_string_ostream(Name) << ConstantName << *Ty;
  Function *F = LLVMRustDeclareMarker(*Builder.GetInsertBlock()->getModule(), Name,
                                      FunctionType::get(Ty, {Ty}, false));
  F->setDoesNotAccessMemory();
  F->addFnAttr("enzyme_inactive");
  return Builder.CreateCall(F, {Float});
}

bool isPower(const Instruction &I) {
  auto *Call = dyn_cast<CallInst>(&I);
  const Function *Callee = Call ? Call->getCalledFunction() : nullptr;
  if (!Callee || !I.getType()->isFloatingPointTy())
    return false;
  return Callee->getIntrinsicID() == Intrinsic::pow ||
         (Callee->isDeclaration() && (Callee->getName() == "pow" || Callee->getName() == "powf"));
}

} // namespace

void LLVMRustPowersOfZero(Function &F) {
  SmallVector<CallInst *> Powers;
  for (Instruction &I : instructions(F))
    if (isPower(I) && !isa<Constant>(I.getOperand(0)) && !isa<Constant>(I.getOperand(1)))
      Powers.push_back(cast<CallInst>(&I));
  for (CallInst *Power : Powers) {
    IRBuilder<> Builder(Power);
    Value *Base = Power->getArgOperand(0), *Exponent = Power->getArgOperand(1);
    Type *Ty = Power->getType();
    Constant *Zero = ConstantFP::get(Ty, 0.0), *One = ConstantFP::get(Ty, 1.0);
    Instruction *OfZero, *OfOthers;
    SplitBlockAndInsertIfThenElse(Builder.CreateFCmpOEQ(Base, Zero), Power, &OfZero, &OfOthers);
    Builder.SetInsertPoint(OfZero);
    Value *Known = constant(Exponent, Builder);
    Value *IsOne = Builder.CreateFCmpOEQ(Known, Zero);
    auto *Other = cast<CallInst>(Power->clone());
    Other->setArgOperand(1, Builder.CreateSelect(IsOne, One, Known));
    Value *Result = Builder.CreateSelect(IsOne, One, Builder.Insert(Other));
    PHINode *Phi = PHINode::Create(Ty, 2, "", Power->getIterator());
    Power->replaceAllUsesWith(Phi);
    Power->moveBefore(OfOthers->getIterator());
    Phi->addIncoming(Result, OfZero->getParent());
    Phi->addIncoming(Power, OfOthers->getParent());
  }
}

void LLVMRustForgetPowers(Module &M) {
  for (Function &F : make_early_inc_range(M)) {
    if (!F.getName().starts_with(ConstantName))
      continue;
    for (User *U : make_early_inc_range(F.users())) {
      auto *Call = cast<CallBase>(U);
      Call->replaceAllUsesWith(Call->getArgOperand(0));
      Call->eraseFromParent();
    }
    F.eraseFromParent();
  }
}
