// Takes over from the executable's answer what is new in it: the wrappers' bodies and whatever these need
// that was not there before. Everything that was there before stays as it is.

#ifndef ENGINE_MERGE_H
#define ENGINE_MERGE_H

#include "Slice.h"

namespace engine {

/// Replaces \p Wrappers, in place, by their differentiated versions. Expects a verified \p Answer.
llvm::Error mergeAnswer(llvm::Module &Into, std::unique_ptr<llvm::Module> Answer,
                        const Slice &Question,
                        llvm::MutableArrayRef<llvm::Function *> Wrappers);

} // namespace engine

#endif
