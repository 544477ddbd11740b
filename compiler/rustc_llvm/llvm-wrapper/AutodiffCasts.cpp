// Pointers to floats that are cast to pointers to integers, or the other way round.
//
// By such a pointer, a program copies floats as integers, or makes them of integers, and rustc
// says of the access what the type is by which it is made. So the integers that are accessed by a
// pointer which was one to floats, or beside one that is made one to floats, are
// bytes, of which AutodiffTypes.cpp finds out what they are, or has Enzyme refuse them.

#include "AutodiffTypes.h"
#include "LLVMWrapper.h"

#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/ValueHandle.h"

using namespace llvm;
using namespace autodiff;

Function *LLVMRustDeclareMarker(Module &M, StringRef Name, FunctionType *Ty);

namespace {

// What the pointer is cast to a pointer to.
enum { ToBytes, ToIntegers, ToFloatsOfIntegers };

// A pointer that is kept in memory is not seen where it is used.
void refuseKept(CallInst &Cast) {
  SmallVector<Value *> Pending{&Cast};
  SmallPtrSet<const Value *, 8> Seen;
  while (!Pending.empty()) {
    for (Use &U : make_early_inc_range(Pending.pop_back_val()->uses())) {
      auto *I = cast<Instruction>(U.getUser());
      if (isa<StoreInst>(I) && U.getOperandNo() == 0) {
        Function *Unknown =
            declareUnknownBytes(*I->getModule(), U->getType(), U->getType());
        Unknown->setMemoryEffects(MemoryEffects::argMemOnly() |
                                  MemoryEffects::inaccessibleMemOnly());
        U.set(IRBuilder<>(I).CreateCall(Unknown, {U.get()}));
      } else if (isa<GetElementPtrInst, PHINode, SelectInst, InsertValueInst>(I) &&
                 Seen.insert(I).second) {
        Pending.push_back(I);
      }
    }
  }
}

// Whether rustc may have said of \p I that it moves integers, of as many bytes as a float has.
bool movesIntegers(const Instruction &I, MDNode *Tag) {
  if (Tag && nameOf(Tag) != "long")
    return false;
  if (isa<MemIntrinsic>(I))
    return Tag;
  Type *Ty = getLoadStoreType(&I);
  return Ty->isIntegerTy() && Ty->getIntegerBitWidth() >= 32;
}

// Says of the bytes that are copied by \p Pointer itself what it has pointed to.
void tellCopies(const Value &Pointer, StringRef Pointee) {
  LLVMContext &C = Pointer.getContext();
  for (const User *U : Pointer.users()) {
    auto *Move = dyn_cast<MemTransferInst>(U);
    MDNode *Tag = Move ? Move->getMetadata(LLVMContext::MD_tbaa) : nullptr;
    if (Move && floatNamed(Pointee, C) && (!Tag || is_contained({Bytes, Octets}, nameOf(Tag))))
      const_cast<MemTransferInst *>(Move)->setMetadata(LLVMContext::MD_tbaa, tag(C, Pointee));
  }
}

// Whether \p I loads a part of what may be a float.
bool loadsPart(const Instruction &I) {
  auto *Load = dyn_cast<LoadInst>(&I);
  return Load && Load->isSimple() && Load->getType()->isIntegerTy() &&
         Load->getType()->getIntegerBitWidth() < 32;
}

// Makes bytes of all integers that are moved by these accesses.
void makeBytes(ArrayRef<const Instruction *> Accesses) {
  for (const Instruction *I : Accesses)
    if (movesIntegers(*I, I->getMetadata(LLVMContext::MD_tbaa)) || loadsPart(*I))
      const_cast<Instruction *>(I)->setMetadata(LLVMContext::MD_tbaa,
                                                tag(I->getContext(), Bytes));
}

// Says of the bytes that are copied to a variable from where \p Derived leads what they are. What is
// loaded from the variable as an integer is made of them.
void tellCopiesFrom(const Uses &Derived, StringRef Pointee, const DataLayout &Layout) {
  for (const Instruction *I : Derived.Accesses) {
    auto *Copy = dyn_cast<MemCpyInst>(I);
    MDNode *Tag = Copy ? Copy->getMetadata(LLVMContext::MD_tbaa) : nullptr;
    if (!Tag || !floatNamed(Pointee, I->getContext()) || !Derived.follows(Copy->getSource()) ||
        !is_contained({Bytes, Octets}, nameOf(Tag)) ||
        !isa<AllocaInst>(getUnderlyingObject(Copy->getDest())))
      continue;
    const_cast<MemCpyInst *>(Copy)->setMetadata(LLVMContext::MD_tbaa,
                                                tag(I->getContext(), Pointee));
    makeBytes(Uses(Copy->getDest(), Layout).Accesses);
  }
}

} // namespace

void LLVMRustForgetCasts(Module &M) {
  SmallVector<std::pair<CallInst *, StringRef>> Casts;
  SmallVector<Function *> Markers;
  for (Function &F : M) {
    StringRef Pointee = F.getName();
    if (!Pointee.consume_front(CastName))
      continue;
    Markers.push_back(&F);
    for (User *U : F.users())
      Casts.push_back({cast<CallInst>(U), Pointee});
  }
  SmallVector<WeakTrackingVH> ToFloats;
  for (auto [Cast, Pointee] : Casts) {
    uint64_t To = cast<ConstantInt>(Cast->getArgOperand(1))->getZExtValue();
    // What is accessed as floats by this pointer is integers by another.
    if (To == ToFloatsOfIntegers) {
      ToFloats.push_back(Cast->getArgOperand(0));
      continue;
    }
    if (To == ToBytes)
      tellCopies(*Cast, Pointee);
    else
      refuseKept(*Cast);
    Uses Derived(M.getDataLayout());
    Derived.follow(Cast);
    tellCopiesFrom(Derived, Pointee, M.getDataLayout());
    makeBytes(Derived.Accesses);
  }
  for (auto [Cast, Pointee] : Casts) {
    Cast->replaceAllUsesWith(Cast->getArgOperand(0));
    Cast->eraseFromParent();
  }
  for (Function *Marker : Markers)
    Marker->eraseFromParent();
  for (Value *Pointer : ToFloats)
    makeBytes(Uses(Pointer, M.getDataLayout()).Accesses);
}

extern "C" LLVMValueRef LLVMRustAutodiffCast(LLVMBuilderRef B, LLVMValueRef Pointer,
                                             uint32_t To, const char *Pointee,
                                             size_t PointeeLen) {
  IRBuilder<> &Builder = *unwrap(B);
  Type *Ptr = unwrap(Pointer)->getType();
  Function *Marker = LLVMRustDeclareMarker(
      *Builder.GetInsertBlock()->getModule(),
      (CastName + StringRef(Pointee, PointeeLen)).str(),
      FunctionType::get(Ptr, {Ptr, Builder.getInt32Ty()}, false));
  Marker->setDoesNotAccessMemory();
  return wrap(Builder.CreateCall(Marker, {unwrap(Pointer), Builder.getInt32(To)}));
}
