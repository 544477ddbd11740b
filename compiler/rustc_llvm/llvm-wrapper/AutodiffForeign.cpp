// Foreign functions, which Enzyme knows by their names, whatever their parameters are. It has no right derivative of some
// of them. So rustc gives all but those that have been tried other names, until Enzyme has run.

#include "LLVMWrapper.h"

#include "llvm/IR/Module.h"

using namespace llvm;

// In rustc_codegen_llvm's back/autodiff/errors.rs. What follows is the name, an `@`, and where it is declared.
static constexpr StringRef Foreign = "rustc.autodiff.foreign.";

void LLVMRustRevealForeign(Module &M) {
  for (Function &F : make_early_inc_range(M)) {
    StringRef Name = F.getName();
    if (!Name.consume_front(Foreign))
      continue;
    std::string Original = Name.split('@').first.str();
    if (Function *Same = M.getFunction(Original)) {
      F.replaceAllUsesWith(Same);
      F.eraseFromParent();
    } else {
      F.setName(Original);
    }
  }
}
