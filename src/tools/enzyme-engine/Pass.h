// The module pass behind the name `enzyme`.

#ifndef ENGINE_PASS_H
#define ENGINE_PASS_H

#include "llvm/IR/PassManager.h"

namespace engine {

/// Gives every `__enzyme_*` call of a module its derivative, or emits one error.
class DifferentiatePass : public llvm::PassInfoMixin<DifferentiatePass> {
public:
  llvm::PreservedAnalyses run(llvm::Module &M, llvm::ModuleAnalysisManager &);
  /// Optimisation levels and opt-bisect must not decide whether a derivative exists.
  static bool isRequired() { return true; }
};

} // namespace engine

#endif
