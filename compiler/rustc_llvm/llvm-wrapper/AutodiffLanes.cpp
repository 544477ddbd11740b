// Lanes of vectors that nobody asks for.
//
// InstCombine moves a shuffle behind an operation, and makes poison of what the
// operation is done with in those lanes that the shuffle leaves out. Their adjoint
// is zero, but times poison, or times the derivative of a division by zero, it
// is not. Enzyme adds it to the adjoint of what the lane was made of: a wrong
// number. So here, such lanes calculate with one.

#include "LLVMWrapper.h"

#include "llvm/ADT/SmallBitVector.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"

using namespace llvm;

namespace {

FixedVectorType *floatVector(const Value *V) {
  auto *Ty = dyn_cast<FixedVectorType>(V->getType());
  return Ty && Ty->getElementType()->isFloatingPointTy() ? Ty : nullptr;
}

Constant *ones(FixedVectorType *Ty) { return ConstantFP::get(Ty, 1.0); }

// The lanes in which the constant \p V is nothing.
SmallBitVector missingLanes(const Value *V) {
  FixedVectorType *Ty = floatVector(V);
  auto *C = dyn_cast<Constant>(V);
  SmallBitVector Missing(Ty ? Ty->getNumElements() : 0);
  if (Ty && C)
    for (unsigned Lane = 0; Lane < Missing.size(); ++Lane)
      if (isa_and_nonnull<UndefValue>(C->getAggregateElement(Lane)))
        Missing.set(Lane);
  return Missing;
}

// \p V with ones in some lanes.
Value *fill(Value *V, const SmallBitVector &Missing, IRBuilder<> &Builder) {
  SmallVector<int> Mask;
  for (unsigned Lane = 0; Lane < Missing.size(); ++Lane)
    Mask.push_back(Missing[Lane] ? Missing.size() + Lane : Lane);
  return Builder.CreateShuffleVector(V, ones(floatVector(V)), Mask);
}

// What is calculated lane by lane, with a constant that lacks some: these are one in
// all operands.
void fillOperands(Instruction &I) {
  SmallBitVector Missing;
  for (const Use &Operand : I.operands())
    if (SmallBitVector Lanes = missingLanes(Operand); Lanes.any())
      Missing |= Lanes;
  if (Missing.none())
    return;
  IRBuilder<> Builder(&I);
  for (Use &Operand : I.operands())
    if (Operand->getType() == I.getType())
      Operand.set(fill(Operand, Missing, Builder));
}

// A shuffle that leaves lanes undefined.
void fillShuffle(ShuffleVectorInst &Shuffle) {
  FixedVectorType *From = floatVector(Shuffle.getOperand(0));
  ArrayRef<int> Mask = Shuffle.getShuffleMask();
  SmallBitVector Missing(Mask.size());
  unsigned Width = From->getNumElements();
  SmallBitVector MissingOf[] = {missingLanes(Shuffle.getOperand(0)),
                                missingLanes(Shuffle.getOperand(1))};
  for (unsigned Lane = 0; Lane < Mask.size(); ++Lane)
    if (Mask[Lane] == PoisonMaskElem || MissingOf[Mask[Lane] / Width][Mask[Lane] % Width])
      Missing.set(Lane);
  if (Missing.none())
    return;
  IRBuilder<> Builder(Shuffle.getParent(), std::next(Shuffle.getIterator()));
  SmallVector<Use *> Uses;
  for (Use &U : Shuffle.uses())
    Uses.push_back(&U);
  Value *Filled = fill(&Shuffle, Missing, Builder);
  for (Use *U : Uses)
    U->set(Filled);
}

} // namespace

void LLVMRustFillLanes(Function &F) {
  SmallVector<Instruction *> Found;
  for (Instruction &I : instructions(F))
    if (floatVector(&I))
      Found.push_back(&I);
  for (Instruction *I : Found) {
    if (auto *Shuffle = dyn_cast<ShuffleVectorInst>(I))
      fillShuffle(*Shuffle);
    else if (isa<InsertElementInst>(I) && isa<UndefValue>(I->getOperand(0)))
      I->setOperand(0, ones(floatVector(I)));
    else if (isa<BinaryOperator, UnaryOperator, IntrinsicInst>(I))
      fillOperands(*I);
  }
}
