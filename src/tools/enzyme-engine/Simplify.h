// Making code such that Enzyme can read it.

#ifndef ENGINE_SIMPLIFY_H
#define ENGINE_SIMPLIFY_H

namespace llvm {
class Module;
}

namespace engine {

/// Inlines, promotes memory to registers and cleans up, as at -O2 but without vectorising or unrolling.
///
/// Enzyme follows values better than memory. In what rustc emits without optimisation, iterators and
/// arguments live in stack slots that hold pointers to constant and to differentiated data alike; Enzyme
/// then fails, or takes such a slot's shadow for the constant data itself and writes into that. Code
/// that rustc has optimised is hardly changed by this.
void simplify(llvm::Module &M);

} // namespace engine

#endif
