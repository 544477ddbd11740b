// Inline assembly, of which Enzyme knows no derivative.
//
// Where nothing active goes through it, as through `rdtsc`, none is wanted. Enzyme does not ask
// whether that is so: it fails at whatever it has no name for. So until Enzyme has run,
// assembly is a function without a body, for which it looks for a derivative only if there
// is one. The attributes of the function say what it stands for.

#include "LLVMWrapper.h"

#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"

using namespace llvm;

namespace {

constexpr StringRef AsmName = "rustc.autodiff.asm";
constexpr StringRef Template = "rustc.autodiff.template";
constexpr StringRef Constraints = "rustc.autodiff.constraints";

// How it is to be treated, a bit for each.
constexpr StringRef Flags = "rustc.autodiff.flags";
enum Flag : unsigned { HasSideEffects = 1, IsAlignStack = 2, IsIntel = 4, CanThrow = 8 };

unsigned flagsOf(const InlineAsm &Asm) {
  return (Asm.hasSideEffects() ? HasSideEffects : 0) |
         (Asm.isAlignStack() ? IsAlignStack : 0) |
         (Asm.getDialect() == InlineAsm::AD_Intel ? IsIntel : 0) |
         (Asm.canThrow() ? CanThrow : 0);
}

} // namespace

void LLVMRustOutlineAsm(Module &M) {
  for (Function &F : M)
    for (Instruction &I : instructions(F)) {
      auto *Call = dyn_cast<CallBase>(&I);
      auto *Asm = Call ? dyn_cast<InlineAsm>(Call->getCalledOperand()) : nullptr;
      // A function cannot go on at several places.
      if (!Asm || isa<CallBrInst>(Call))
        continue;
      auto *Named = Function::Create(Call->getFunctionType(), GlobalValue::ExternalLinkage,
                                     AsmName, M);
      Named->addFnAttr(Template, Asm->getAsmString());
      Named->addFnAttr(Constraints, Asm->getConstraintString());
      Named->addFnAttr(Flags, std::to_string(flagsOf(*Asm)));
      Named->setMemoryEffects(Call->getMemoryEffects());
      Named->setDoesNotFreeMemory();
      Call->setCalledOperand(Named);
    }
}

void LLVMRustInlineAsm(Module &M) {
  for (Function &Named : make_early_inc_range(M)) {
    if (!Named.getName().starts_with(AsmName))
      continue;
    unsigned Bits = 0;
    Named.getFnAttribute(Flags).getValueAsString().getAsInteger(10, Bits);
    InlineAsm *Asm = InlineAsm::get(
        Named.getFunctionType(), Named.getFnAttribute(Template).getValueAsString(),
        Named.getFnAttribute(Constraints).getValueAsString(), Bits & HasSideEffects,
        Bits & IsAlignStack, Bits & IsIntel ? InlineAsm::AD_Intel : InlineAsm::AD_ATT,
        Bits & CanThrow);
    Named.replaceAllUsesWith(Asm);
    Named.eraseFromParent();
  }
}
