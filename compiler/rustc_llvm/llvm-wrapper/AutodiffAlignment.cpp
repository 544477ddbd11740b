// The alignment of what is kept for the way back.
//
// Where the reverse of a function needs a local variable, Enzyme makes memory of it that it
// gets by `malloc`, which is aligned to 16 bytes, whatever the alignment of the variable. So
// where a local is aligned to more, such memory is, too.

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"

using namespace llvm;

// What each function of the slice says, as Enzyme copies that.
constexpr StringRef Alignment = "rustc.autodiff.alignment";

void LLVMRustTellAlignment(Module &M) {
  const Align OfMalloc(16);
  Align Largest = OfMalloc;
  for (Function &F : M)
    for (Instruction &I : instructions(F))
      if (auto *Variable = dyn_cast<AllocaInst>(&I))
        Largest = std::max(Largest, Variable->getAlign());
  if (Largest == OfMalloc)
    return;
  for (Function &F : M)
    if (!F.isDeclaration())
      F.addFnAttr(Alignment, std::to_string(Largest.value()));
}

// Replaces a call of `malloc` or `calloc` by one whose memory is aligned to \p Bound bytes.
static void align(CallInst &Call, uint64_t Bound) {
  Type *Size = Call.getArgOperand(0)->getType();
  IRBuilder<> Builder(&Call);
  Value *Bytes = Call.getArgOperand(0);
  bool IsZeroed = Call.arg_size() == 2;
  if (IsZeroed)
    Bytes = Builder.CreateMul(Bytes, Call.getArgOperand(1));
  // C wants the size to be a multiple of the alignment.
  Value *Mask = ConstantInt::get(Size, Bound - 1);
  Value *Whole = Builder.CreateAnd(Builder.CreateAdd(Bytes, Mask), Builder.CreateNot(Mask));
  FunctionCallee Aligned = Call.getModule()->getOrInsertFunction(
      "aligned_alloc", FunctionType::get(Call.getType(), {Size, Size}, false));
  CallInst *New = Builder.CreateCall(Aligned, {ConstantInt::get(Size, Bound), Whole});
  New->addRetAttr(Attribute::NoAlias);
  if (IsZeroed)
    Builder.CreateMemSet(New, Builder.getInt8(0), Bytes, Align(Bound));
  Call.replaceAllUsesWith(New);
  Call.eraseFromParent();
}

void LLVMRustAlignAllocations(Module &M) {
  uint64_t Largest = 0;
  for (Function &F : M) {
    if (F.hasFnAttribute(Alignment))
      F.getFnAttribute(Alignment).getValueAsString().getAsInteger(10, Largest);
    F.removeFnAttr(Alignment);
  }
  if (!Largest)
    return;
  // LLVM makes the latter of the former and a fill.
  for (StringRef Name : {"malloc", "calloc"})
    if (Function *Allocate = M.getFunction(Name))
      for (User *U : make_early_inc_range(Allocate->users()))
        if (auto *Call = dyn_cast<CallInst>(U); Call && Call->getCalledFunction() == Allocate)
          align(*Call, Largest);
}
