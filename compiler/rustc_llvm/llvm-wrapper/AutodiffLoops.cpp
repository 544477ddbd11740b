// The loops of a function in a shape in which Enzyme runs them backwards.
//
// How often a loop has run it keeps, for each round of the loop around it, where the loop is
// left. If one exit stays in the loop around it and another leaves that one too, it keeps
// nothing at the latter, and the reverse begins with garbage: wrong numbers, or a loop that
// does not end. `return` and `break 'outer` in a loop are such exits, and LoopSimplify makes
// some of its own, of a loop with `continue`. Hence, here, a loop within a loop has one exit,
// and a loop one back edge. What Enzyme would count wrongly, it is made to count as the program
// runs.

#include "llvm/ADT/MapVector.h"
#include "llvm/Analysis/DomTreeUpdater.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ScalarEvolution.h"
#include "llvm/Analysis/ScalarEvolutionExpressions.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"
#include "llvm/Transforms/Utils/ControlFlowUtils.h"
#include "llvm/Transforms/Utils/LoopUtils.h"

using namespace llvm;

// In AutodiffTypes.cpp.
Function *LLVMRustDeclareMarker(Module &M, StringRef Name, FunctionType *Ty);

Function *LLVMRustDeclareOpaque(Module &M);

namespace {

// What hides a condition from other passes. Of a unified exit, they would thread
// the jump, and there would be two exits again.
constexpr StringRef OpaqueName = "rustc.autodiff.opaque";

void hideCondition(BranchInst &Branch) {
  Function *Opaque = LLVMRustDeclareOpaque(*Branch.getModule());
  IRBuilder<> Builder(&Branch);
  Branch.setCondition(Builder.CreateCall(Opaque, {Branch.getCondition()}));
}

// The blocks from which the function can return. Enzyme leaves out the others.
SmallPtrSet<BasicBlock *, 32> returningBlocks(Function &F) {
  SmallPtrSet<BasicBlock *, 32> Returning;
  SmallVector<BasicBlock *> Pending;
  for (BasicBlock &BB : F)
    if (isa<ReturnInst>(BB.getTerminator()))
      Pending.push_back(&BB);
  while (!Pending.empty()) {
    BasicBlock *BB = Pending.pop_back_val();
    if (Returning.insert(BB).second)
      append_range(Pending, predecessors(BB));
  }
  return Returning;
}

class LoopShape {
public:
  LoopShape(Function &F) : F(F), Returning(returningBlocks(F)) {}

  void run() {
    while (step())
      ;
  }

private:
  Function &F;
  SmallPtrSet<BasicBlock *, 32> Returning;

  // Changes one loop, the innermost that needs it.
  bool step() {
    DominatorTree DT(F);
    LoopInfo LI(DT);
    SmallVector<Loop *> Loops = LI.getLoopsInPreorder();
    for (Loop *L : reverse(Loops))
      if (unifyExits(*L, LI, DT) || unifyBackEdges(*L, DT) || leaveAtLatch(*L, LI, DT))
        return true;
    return false;
  }

  bool unifyExits(Loop &L, LoopInfo &LI, DominatorTree &DT) {
    if (!L.getParentLoop())
      return false;
    SmallPtrSet<Loop *, 4> Outside;
    SmallPtrSet<BasicBlock *, 8> Exits = exitsOf(L);
    for (BasicBlock *Exit : Exits)
      Outside.insert(LI.getLoopFor(Exit));
    SmallVector<BasicBlock *> Exiting;
    L.getExitingBlocks(Exiting);
    return Outside.size() > 1 && lead(L, Exiting, Exits, LI, DT);
  }

  // Enzyme looks for the way from each exit back to the header. It takes all ways that there are,
  // though they meet again: behind an exit, a row of `if`s doubles their number with each. Of a
  // loop in which they are very many, the one exit is at the end.
  bool leaveAtLatch(Loop &L, LoopInfo &LI, DominatorTree &DT) {
    BasicBlock *Latch = L.getLoopLatch();
    SmallPtrSet<BasicBlock *, 8> Targets = exitsOf(L);
    SmallVector<BasicBlock *> Exiting;
    L.getExitingBlocks(Exiting);
    if (!Latch || none_of(Exiting, [&](BasicBlock *BB) { return isFarFromHeader(*BB, L); }))
      return false;
    Targets.insert(L.getHeader());
    SmallVector<BasicBlock *> Sources{Latch};
    copy_if(Exiting, std::back_inserter(Sources), [&](BasicBlock *BB) { return BB != Latch; });
    return lead(L, Sources, Targets, LI, DT);
  }

  // The blocks outside of \p L that it leads to, as far as the function can return from there.
  SmallPtrSet<BasicBlock *, 8> exitsOf(const Loop &L) {
    SmallPtrSet<BasicBlock *, 8> Exits;
    SmallVector<BasicBlock *> Exiting;
    L.getExitingBlocks(Exiting);
    for (BasicBlock *BB : Exiting)
      for (BasicBlock *Successor : successors(BB))
        if (!L.contains(Successor) && Returning.contains(Successor))
          Exits.insert(Successor);
    return Exits;
  }

  // Whether there are so many ways from \p Exiting to the header that nobody should take them all.
  bool isFarFromHeader(BasicBlock &Exiting, const Loop &L) {
    constexpr uint64_t Many = 10'000;
    auto isExit = [&](BasicBlock *BB) { return !L.contains(BB) && Returning.contains(BB); };
    if (!isa<BranchInst>(Exiting.getTerminator()) || none_of(successors(&Exiting), isExit))
      return false;
    // To each block, how many ways there are of as many blocks each.
    MapVector<BasicBlock *, uint64_t> Ways;
    Ways[&Exiting] = 1;
    for (uint64_t Taken = 0; Taken < Many;) {
      if (Ways.contains(L.getHeader()))
        return false;
      MapVector<BasicBlock *, uint64_t> Next;
      for (auto [BB, Count] : Ways) {
        Taken += Count;
        for (BasicBlock *Successor : successors(BB))
          if (L.contains(Successor))
            Next[Successor] += Count;
      }
      Ways = std::move(Next);
    }
    return true;
  }

  // Leads all ways from \p Sources to \p Targets through one block.
  bool lead(Loop &L, ArrayRef<BasicBlock *> Sources,
            const SmallPtrSetImpl<BasicBlock *> &Targets, LoopInfo &LI, DominatorTree &DT) {
    formLCSSARecursively(L, DT, &LI, /*SE=*/nullptr);
    ControlFlowHub Hub;
    for (BasicBlock *BB : Sources) {
      auto *Branch = dyn_cast<BranchInst>(BB->getTerminator());
      // What else leaves a loop, LowerSwitch has made branches of, or leaves it
      // by unwinding.
      if (!Branch)
        continue;
      auto target = [&](unsigned Index) -> BasicBlock * {
        if (Index >= Branch->getNumSuccessors())
          return nullptr;
        BasicBlock *Successor = Branch->getSuccessor(Index);
        return Targets.contains(Successor) ? Successor : nullptr;
      };
      if (target(0) || target(1))
        Hub.addBranch(BB, target(0), target(1));
    }
    SmallVector<BasicBlock *, 8> Guards;
    DomTreeUpdater DTU(DT, DomTreeUpdater::UpdateStrategy::Eager);
    if (!Hub.finalize(&DTU, Guards, "loop.exit").second)
      return false;
    for (BasicBlock *Guard : Guards) {
      Returning.insert(Guard);
      auto *Branch = dyn_cast<BranchInst>(Guard->getTerminator());
      if (Branch && Branch->isConditional())
        hideCondition(*Branch);
    }
    return true;
  }

  bool unifyBackEdges(Loop &L, DominatorTree &DT) {
    SmallVector<BasicBlock *> Latches;
    L.getLoopLatches(Latches);
    if (Latches.size() < 2)
      return false;
    BasicBlock *Latch =
        SplitBlockPredecessors(L.getHeader(), Latches, ".latch", &DT);
    if (Latch)
      Returning.insert(Latch);
    return Latch;
  }
};

// Whether the number of rounds after which \p Branch leaves \p L follows from
// its condition as Enzyme would work it out: by counting up, or in constant
// steps that meet the bound.
bool isCountedExit(const BranchInst &Branch, const Loop &L, ScalarEvolution &SE) {
  auto *Compare = dyn_cast<ICmpInst>(Branch.getCondition());
  if (!Compare)
    return false;
  const SCEV *Left = SE.getSCEV(Compare->getOperand(0));
  const SCEV *Right = SE.getSCEV(Compare->getOperand(1));
  if (SE.isLoopInvariant(Left, &L))
    std::swap(Left, Right);
  auto *Counter = dyn_cast<SCEVAddRecExpr>(Left);
  if (!Counter || Counter->getLoop() != &L || !Counter->isAffine() ||
      !SE.isLoopInvariant(Right, &L))
    return false;
  auto *Step = dyn_cast<SCEVConstant>(Counter->getStepRecurrence(SE));
  return Step && (Compare->isEquality() || Step->getAPInt().isOne());
}

// The loops that load again what a loop before them has loaded in the same order.
// Enzyme keeps one copy for both, and looks it up with the counter of the wrong
// loop, unless it counts one of them as the program runs.
SmallPtrSet<const Loop *, 8> repeatingLoops(Function &F, LoopInfo &LI,
                                            ScalarEvolution &SE) {
  struct Walk {
    const Value *Object;
    const SCEV *Start, *Step;
    const Loop *L;
  };
  SmallVector<Walk> Walks;
  SmallPtrSet<const Loop *, 8> Repeating;
  for (Instruction &I : instructions(F)) {
    auto *Load = dyn_cast<LoadInst>(&I);
    if (!Load || !LI.getLoopFor(Load->getParent()))
      continue;
    const Value *Object = getUnderlyingObject(Load->getPointerOperand());
    // Of what does not change, there is no copy.
    if (auto *Argument = dyn_cast<llvm::Argument>(Object))
      if (Argument->hasNoAliasAttr() && Argument->onlyReadsMemory())
        continue;
    auto *Address =
        dyn_cast<SCEVAddRecExpr>(SE.getSCEV(Load->getPointerOperand()));
    if (!Address)
      continue;
    Walk This{Object, Address->getStart(), Address->getStepRecurrence(SE),
              Address->getLoop()};
    bool IsNew = true;
    for (const Walk &Other : Walks) {
      if (Other.Object != This.Object || Other.Start != This.Start ||
          Other.Step != This.Step)
        continue;
      IsNew = false;
      if (Other.L != This.L)
        Repeating.insert(This.L);
    }
    if (IsNew)
      Walks.push_back(This);
  }
  return Repeating;
}

} // namespace

// Of a condition, gives the same, and nobody knows.
Function *LLVMRustDeclareOpaque(Module &M) {
  if (Function *F = M.getFunction(OpaqueName))
    return F;
  Type *I1 = Type::getInt1Ty(M.getContext());
  Function *F = LLVMRustDeclareMarker(M, OpaqueName, FunctionType::get(I1, {I1}, false));
  // So that the result is kept. A reverse that is a function of its own would ask
  // again, and compare what memory holds by then.
  F->setOnlyAccessesInaccessibleMemory();
  F->addFnAttr("enzyme_inactive");
  return F;
}

void LLVMRustForgetOpaque(Module &M) {
  Function *Opaque = M.getFunction(OpaqueName);
  if (!Opaque)
    return;
  for (User *U : make_early_inc_range(Opaque->users())) {
    auto *Call = cast<CallBase>(U);
    Call->replaceAllUsesWith(Call->getArgOperand(0));
    Call->eraseFromParent();
  }
  Opaque->eraseFromParent();
}

void LLVMRustShapeLoops(Function &F) { LoopShape(F).run(); }

// Hides the conditions of the exits of all other loops. Enzyme has a ScalarEvolution
// of its own that takes every exit for one that is taken at some time, believes
// what it says of a loop between two bounds that move, or of steps of any size,
// and gives its copy of the loop another exit condition, which need not be met.
// Where ScalarEvolution cannot say, Enzyme counts as the program runs.
void LLVMRustHideUncountedExits(Function &F, LoopInfo &LI, ScalarEvolution &SE) {
  SmallPtrSet<BasicBlock *, 32> Returning = returningBlocks(F);
  SmallPtrSet<const Loop *, 8> Repeating = repeatingLoops(F, LI, SE);
  SmallVector<BranchInst *> Hidden;
  for (Loop *L : LI.getLoopsInPreorder()) {
    SmallVector<BasicBlock *> Exiting;
    L->getExitingBlocks(Exiting);
    SmallVector<BranchInst *> Exits;
    for (BasicBlock *BB : Exiting) {
      auto *Branch = dyn_cast<BranchInst>(BB->getTerminator());
      if (Branch && Branch->isConditional() && all_of(successors(BB), [&](BasicBlock *S) {
            return Returning.contains(S);
          }))
        Exits.push_back(Branch);
    }
    // All of them: a loop of a few rounds that has a hidden exit as well is unrolled
    // before Enzyme differentiates it, and has no derivative then.
    if (Repeating.contains(L) || any_of(Exits, [&](BranchInst *Branch) {
          return !isCountedExit(*Branch, *L, SE);
        }))
      append_range(Hidden, Exits);
  }
  for (BranchInst *Branch : Hidden)
    hideCondition(*Branch);
}
