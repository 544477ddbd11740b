// Integers of which one is taken, by the way that control comes.

#include "llvm/ADT/PostOrderIterator.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/IRBuilder.h"

using namespace llvm;

// Backwards, Enzyme computes once more how often a loop is run. If that is the one or the other of two
// integers, as the shorter length of two slices is, it makes branches in the middle of a block that it is
// at work on, which then has no end. Of a `select`, it makes a `select`. To choose among integers that are
// there already computes nothing that the program would not compute.
void LLVMRustSelectIntegers(Function &F) {
  DominatorTree DT(F);
  for (BasicBlock *BB : ReversePostOrderTraversal<Function *>(&F)) {
    auto *Node = DT.getNode(BB)->getIDom();
    BasicBlock *From = Node ? Node->getBlock() : nullptr;
    auto *Branch = From ? dyn_cast<BranchInst>(From->getTerminator()) : nullptr;
    if (!Branch || !Branch->isConditional() || !BB->hasNPredecessors(2) ||
        Branch->getSuccessor(0) == Branch->getSuccessor(1))
      continue;
    // What comes by each of the two ways.
    auto valueBy = [&](PHINode &Phi, unsigned Way) -> Value * {
      BasicBlock *Next = Branch->getSuccessor(Way);
      if (Next == BB)
        return Phi.getIncomingValueForBlock(From);
      bool IsWay = Next->getSinglePredecessor() == From && Next->getSingleSuccessor() == BB;
      return IsWay ? Phi.getIncomingValueForBlock(Next) : nullptr;
    };
    for (PHINode &Phi : make_early_inc_range(BB->phis())) {
      Value *Then = valueBy(Phi, 0), *Else = valueBy(Phi, 1);
      if (!Phi.getType()->isIntegerTy() || !Then || !Else || !DT.dominates(Then, Branch) ||
          !DT.dominates(Else, Branch))
        continue;
      IRBuilder<> Builder(BB, BB->getFirstInsertionPt());
      Phi.replaceAllUsesWith(Builder.CreateSelect(Branch->getCondition(), Then, Else));
      Phi.eraseFromParent();
    }
  }
}
