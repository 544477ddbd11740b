// Moves every request for a derivative, a call of a function named `__enzyme_*`, into a function of its
// own, its wrapper. The function that made the request then takes no part in what follows, and keeps
// its body as rustc made it.

#ifndef ENGINE_OUTLINE_H
#define ENGINE_OUTLINE_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"

namespace engine {

inline bool isRequestName(llvm::StringRef Name) { return Name.starts_with("__enzyme_"); }

/// Whether calls of \p F ask for a derivative, and there are any.
inline bool isRequest(const llvm::Function &F) {
  return isRequestName(F.getName()) && F.isDeclaration() && !F.use_empty();
}

/// Appends to \p Wrappers as it goes, so that the caller can clean up after an error too.
llvm::Error outlineRequests(llvm::Module &M, llvm::SmallVectorImpl<llvm::Function *> &Wrappers);

/// What a function that did not come from rustc needs to be inlinable into, and to behave like, \p From:
/// the CPU it is compiled for, unwind tables, instrumentation.
void addInheritedAttributes(llvm::Function &To, const llvm::Function &From);

} // namespace engine

#endif
