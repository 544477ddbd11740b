// Rust's allocator as Enzyme knows it. rustc mangles the entry points (`_RNvCs1_7___rustc12___rust_alloc`),
// Enzyme recognises the plain names only, and calls them by these names in the code that it makes.

#ifndef ENGINE_ALLOCATOR_H
#define ENGINE_ALLOCATOR_H

#include "llvm/ADT/StringMap.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"

namespace engine {

class Allocator {
public:
  explicit Allocator(llvm::Module &M);

  /// The name under which Enzyme is to see \p F. Empty if \p F is none of the entry points, and if
  /// optimisation has changed them so much that they are ordinary functions now.
  llvm::StringRef plainName(const llvm::Function &F) const;

  /// The function that a plain name means in the module, declared if it had no use there before. Null for
  /// every other name.
  llvm::Expected<llvm::Function *> resolve(llvm::StringRef Plain) const;

private:
  llvm::Module &M;
  /// By plain name.
  llvm::StringMap<llvm::Function *> EntryPoints;
  bool Intact = true;
  /// Whether the allocator itself is part of the module, as after link-time optimisation.
  bool Defined = false;
};

} // namespace engine

#endif
