// Pointers to floats that are cast to pointers to integers, or the other way round.
//
// By such a pointer, a program copies floats as integers, or makes them of integers, and rustc
// says of the access what the type is by which it is made. So, of all that goes to the same
// memory, only floats are taken for what they are said to be. The rest is bytes, of which
// AutodiffTypes.cpp finds out what they are, or has Enzyme refuse them.

#include "AutodiffTypes.h"
#include "LLVMWrapper.h"

#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/ValueHandle.h"

using namespace llvm;
using namespace autodiff;

Function *LLVMRustDeclareMarker(Module &M, StringRef Name, FunctionType *Ty);

namespace {

// Gives the pointer that it is passed, and whether that is cast to one to bytes. What it has pointed
// to, if that is one kind of float, its name says.
constexpr StringRef CastName = "rustc.autodiff.cast.";

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

// Takes a cast back, and returns the pointer.
Value *forget(CallInst &Cast, StringRef Pointee) {
  Value *Pointer = Cast.getArgOperand(0);
  bool IsToBytes = cast<ConstantInt>(Cast.getArgOperand(1))->isOne();
  if (IsToBytes)
    tellCopies(Cast, Pointee);
  else
    refuseKept(Cast);
  Cast.replaceAllUsesWith(Pointer);
  Cast.eraseFromParent();
  return Pointer;
}

} // namespace

void LLVMRustForgetCasts(Module &M) {
  SmallVector<WeakTrackingVH> Pointers;
  for (Function &F : make_early_inc_range(M)) {
    StringRef Pointee = F.getName();
    if (!Pointee.consume_front(CastName))
      continue;
    for (User *U : make_early_inc_range(F.users()))
      Pointers.push_back(forget(*cast<CallInst>(U), Pointee));
    F.eraseFromParent();
  }
  for (Value *Pointer : Pointers)
    for (const Instruction *I : Uses(Pointer, M.getDataLayout()).Accesses)
      if (movesIntegers(*I, I->getMetadata(LLVMContext::MD_tbaa)))
        const_cast<Instruction *>(I)->setMetadata(LLVMContext::MD_tbaa,
                                                  tag(M.getContext(), Bytes));
}

extern "C" LLVMValueRef LLVMRustAutodiffCast(LLVMBuilderRef B, LLVMValueRef Pointer,
                                             bool IsToBytes, const char *Pointee,
                                             size_t PointeeLen) {
  IRBuilder<> &Builder = *unwrap(B);
  Type *Ptr = unwrap(Pointer)->getType();
  Function *Marker = LLVMRustDeclareMarker(
      *Builder.GetInsertBlock()->getModule(),
      (CastName + StringRef(Pointee, PointeeLen)).str(),
      FunctionType::get(Ptr, {Ptr, Builder.getInt1Ty()}, false));
  Marker->setDoesNotAccessMemory();
  return wrap(Builder.CreateCall(Marker, {unwrap(Pointer), Builder.getInt1(IsToBytes)}));
}
