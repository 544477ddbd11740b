// Vectors, in a shape in which Enzyme sees what is done with each lane.
//
// Lanes that nobody asks for: InstCombine moves a shuffle behind an operation, and makes
// poison of what the operation is done with in those lanes that the shuffle leaves out.
// Their adjoint is zero, but times poison, or times the derivative of a division by zero,
// it is not. Enzyme adds it to the adjoint of what the lane was made of: a wrong number. So
// here, such lanes calculate with one.
//
// Lanes that are stored together and loaded apart: GVN, which Enzyme runs, makes a wide
// integer of the vector and shifts it to get at the lane. Enzyme loses all lanes but the
// first, without a word. So here, they are stored apart.

#include "AutodiffTypes.h"
#include "LLVMWrapper.h"

#include "llvm/ADT/SmallBitVector.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/Transforms/Utils/Local.h"

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

// Whether something of another type is loaded from where \p Store stores, or where that is copied.
bool isLoadedApart(const StoreInst &Store) {
  Type *Ty = Store.getValueOperand()->getType();
  autodiff::Uses Uses(Store.getPointerOperand(), Store.getDataLayout());
  for (unsigned Index = 0; Index < Uses.Accesses.size(); ++Index)
    if (auto *Copy = dyn_cast<MemTransferInst>(Uses.Accesses[Index]))
      Uses.addSource(Copy->getDest());
  return any_of(Uses.Accesses, [&](const Instruction *I) {
    return isa<LoadInst>(I) && I->getType() != Ty;
  });
}

// Of a pointer that is taken out of a vector of places, makes one place. Enzyme has no shadow of a
// vector of pointers.
void takePlace(ExtractElementInst &Lane) {
  auto *Places = dyn_cast<GetElementPtrInst>(Lane.getVectorOperand());
  if (!Places)
    return;
  IRBuilder<> Builder(&Lane);
  SmallVector<Value *> Operands;
  for (Value *Operand : Places->operands())
    Operands.push_back(Operand->getType()->isVectorTy()
                           ? Builder.CreateExtractElement(Operand, Lane.getIndexOperand())
                           : Operand);
  Lane.replaceAllUsesWith(Builder.CreateGEP(Places->getSourceElementType(), Operands[0],
                                            ArrayRef(Operands).drop_front(), "",
                                            Places->getNoWrapFlags()));
  RecursivelyDeleteTriviallyDeadInstructions(&Lane);
}

void storeApart(StoreInst &Store) {
  IRBuilder<> Builder(&Store);
  Value *Lanes = Store.getValueOperand();
  FixedVectorType *Ty = floatVector(Lanes);
  uint64_t Size = Store.getDataLayout().getTypeStoreSize(Ty->getElementType());
  for (unsigned Lane = 0; Lane < Ty->getNumElements(); ++Lane) {
    Value *To = Builder.CreateConstInBoundsGEP1_64(Builder.getInt8Ty(), Store.getPointerOperand(),
                                                   Lane * Size);
    Builder
        .CreateAlignedStore(Builder.CreateExtractElement(Lanes, Lane), To,
                            commonAlignment(Store.getAlign(), Lane * Size))
        ->copyMetadata(Store);
  }
  Store.eraseFromParent();
}

} // namespace

void LLVMRustStoreLanesApart(Function &F) {
  SmallVector<StoreInst *> Found;
  for (Instruction &I : instructions(F)) {
    auto *Store = dyn_cast<StoreInst>(&I);
    if (Store && Store->isSimple() && floatVector(Store->getValueOperand()) &&
        isLoadedApart(*Store))
      Found.push_back(Store);
  }
  for (StoreInst *Store : Found)
    storeApart(*Store);
}

void LLVMRustFillLanes(Function &F) {
  SmallVector<Instruction *> Found;
  SmallVector<ExtractElementInst *> Places;
  for (Instruction &I : instructions(F))
    if (auto *Lane = dyn_cast<ExtractElementInst>(&I); Lane && I.getType()->isPointerTy())
      Places.push_back(Lane);
  for (ExtractElementInst *Lane : Places)
    takePlace(*Lane);
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
