// What does not overlap.
//
// Where a function with `noalias` parameters is inlined, LLVM makes scopes of them: an access by one is not to
// what is accessed by the other. Between what is only read, that may be untrue: two shared references may
// be to one place. Enzyme has the scopes of an access for its shadow as well, to which the reverse of
// what is read is a store. The second of two stores to one place would drop the first.

#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Metadata.h"
#include "llvm/IR/Module.h"

using namespace llvm;

// Takes the scopes in which nothing is stored from what does not store itself. To the primal, it makes no difference.
void LLVMRustForgetScopesOfReads(Module &M) {
  SmallPtrSet<const Metadata *, 32> Written;
  for (Function &F : M)
    for (Instruction &I : instructions(F))
      if (MDNode *Scopes = I.getMetadata(LLVMContext::MD_alias_scope); Scopes && isa<StoreInst>(I))
        Written.insert(Scopes->op_begin(), Scopes->op_end());
  for (Function &F : M)
    for (Instruction &I : instructions(F)) {
      MDNode *Others = I.getMetadata(LLVMContext::MD_noalias);
      if (!Others || isa<StoreInst>(I))
        continue;
      SmallVector<Metadata *> Kept;
      for (const MDOperand &Scope : Others->operands())
        if (Written.contains(Scope))
          Kept.push_back(Scope);
      I.setMetadata(LLVMContext::MD_noalias, Kept.empty() ? nullptr : MDNode::get(M.getContext(), Kept));
    }
}
