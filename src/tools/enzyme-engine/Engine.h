// The Enzyme executable: what it is called with, and what its answer is worth.

#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"

#include <memory>

namespace engine {

/// Refuses a module that the executable would silently compile for another machine.
llvm::Error checkTarget(const llvm::Module &M);

/// Returns \p M differentiated, as a new module in the same context, verified and without requests.
llvm::Expected<std::unique_ptr<llvm::Module>> differentiate(const llvm::Module &M);

} // namespace engine

#endif
