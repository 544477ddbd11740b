// Blocks in which three ways of control meet.
//
// To find the way back from such a block, Enzyme computes two conditions again: one that tells a way
// from the other two, and one that tells these two from each other. It computes both at once, though
// only where the first says so, the program has computed the second. What that one loads may not be
// there then: `match node { Some(node) if node.is_leaf => .., Some(node) => .., None => .. }` loads
// from a null pointer. So here, two ways that have parted last meet first, in a block of their own.

#include "llvm/ADT/SetVector.h"
#include "llvm/IR/CFG.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

using namespace llvm;

// In AutodiffTypes.cpp.
Function *LLVMRustDeclareMarker(Module &M, StringRef Name, FunctionType *Ty);
void LLVMRustReplaceCalls(Function &F, Value *Result = nullptr);

// What keeps such a block until Enzyme has run: one that only leads on would be removed.
static constexpr StringRef PairName = "rustc.autodiff.pair";

void LLVMRustJoinInPairs(Function &F) {
  DominatorTree DT(F);
  for (BasicBlock &BB : make_early_inc_range(F)) {
    auto *Node = DT.getNode(&BB);
    if (!Node || !Node->getIDom() || BB.isEHPad())
      continue;
    SmallSetVector<BasicBlock *, 4> Ways(llvm::from_range, predecessors(&BB));
    if (Ways.size() != 3)
      continue;
    for (BasicBlock *Other : Ways) {
      SmallVector<BasicBlock *, 2> Pair;
      copy_if(Ways, std::back_inserter(Pair), [&](BasicBlock *Way) { return Way != Other; });
      if (DT.findNearestCommonDominator(Pair[0], Pair[1]) == Node->getIDom()->getBlock())
        continue;
      BasicBlock *Join = SplitBlockPredecessors(&BB, Pair, ".pair", &DT);
      Module &M = *F.getParent();
      Function *Marker = LLVMRustDeclareMarker(
          M, PairName, FunctionType::get(Type::getVoidTy(M.getContext()), false));
      Marker->setOnlyAccessesInaccessibleMemory();
      Marker->addFnAttr("enzyme_inactive");
      CallInst::Create(Marker, "", Join->getTerminator()->getIterator());
      break;
    }
  }
}

void LLVMRustForgetPairs(Module &M) {
  if (Function *Marker = M.getFunction(PairName))
    LLVMRustReplaceCalls(*Marker);
}
