// The part of a module that the wrappers reach, as a module of its own, made fit for a foreign optimiser
// to work on: whatever it does there, every symbol and every debug info node that came from the
// original module can be recognised afterwards.

#ifndef ENGINE_SLICE_H
#define ENGINE_SLICE_H


#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <vector>

namespace engine {

struct Slice {
  std::unique_ptr<llvm::Module> M;
  /// What each name in the slice stands for. The wrappers are among them.
  llvm::StringMap<llvm::GlobalValue *> Originals;
  /// The originals of the operands of the named metadata NodeList, in its order.
  std::vector<llvm::MDNode *> Nodes;

  static constexpr llvm::StringLiteral NodeList = "engine.nodes";
  /// Enzyme only looks at a module that declares such a name, even if all it has to do is forward mode.
  static constexpr llvm::StringLiteral StartMarker = "__enzyme_autodiff.start";
};

/// Leaves the original module alone.
llvm::Expected<Slice> cutSlice(llvm::Module &M, llvm::ArrayRef<llvm::Function *> Wrappers);

} // namespace engine

#endif
