// What is done to the code before Enzyme differentiates it, and taken back
// afterwards.
//
// Enzyme runs the loops of a function backwards. How often a loop has run it
// keeps, for each round of the loop around it, where the loop is left. If one
// exit stays in the loop around it and another leaves that one too, it keeps
// nothing at the latter, and the reverse begins with garbage: wrong numbers,
// or a loop that does not end. `return` and `break 'outer` in a loop are such
// exits, and LoopSimplify makes some of its own, of a loop with `continue`.
// Hence, here, a loop within a loop has one exit, and a loop one back edge.

#include "LLVMWrapper.h"

#include "llvm/Analysis/DomTreeUpdater.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/PassManager.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"
#include "llvm/Transforms/Utils/ControlFlowUtils.h"
#include "llvm/Transforms/Utils/LoopSimplify.h"
#include "llvm/Transforms/Utils/LoopUtils.h"
#include "llvm/Transforms/Utils/LowerSwitch.h"

using namespace llvm;

namespace {

// What hides from other passes which way a unified exit goes on: they would
// thread the jump, and there would be two exits again.
constexpr StringRef OpaqueName = "rustc.autodiff.opaque";

Function *declareOpaque(Module &M) {
  if (Function *F = M.getFunction(OpaqueName))
    return F;
  Type *I1 = Type::getInt1Ty(M.getContext());
  auto *F = Function::Create(FunctionType::get(I1, {I1}, false),
                             GlobalValue::ExternalLinkage, OpaqueName, M);
  F->setDoesNotThrow();
  F->setWillReturn();
  F->setNoSync();
  F->setDoesNotFreeMemory();
  F->setSpeculatable();
  F->setDoesNotAccessMemory();
  F->addFnAttr("enzyme_inactive");
  return F;
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

  bool run() {
    bool Changed = false;
    while (step())
      Changed = true;
    return Changed;
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
      if (unifyExits(*L, LI, DT) || unifyBackEdges(*L, DT))
        return true;
    return false;
  }

  bool unifyExits(Loop &L, LoopInfo &LI, DominatorTree &DT) {
    if (!L.getParentLoop())
      return false;
    SmallPtrSet<Loop *, 4> Outside;
    SmallPtrSet<BasicBlock *, 8> Exits;
    SmallVector<BasicBlock *> Exiting;
    L.getExitingBlocks(Exiting);
    auto isExit = [&](BasicBlock *BB) {
      return !L.contains(BB) && Returning.contains(BB);
    };
    for (BasicBlock *BB : Exiting)
      for (BasicBlock *Successor : successors(BB))
        if (isExit(Successor)) {
          Outside.insert(LI.getLoopFor(Successor));
          Exits.insert(Successor);
        }
    if (Outside.size() < 2)
      return false;

    formLCSSARecursively(L, DT, &LI, /*SE=*/nullptr);
    ControlFlowHub Hub;
    for (BasicBlock *BB : Exiting) {
      auto *Branch = dyn_cast<BranchInst>(BB->getTerminator());
      // What else leaves a loop, LowerSwitch has made branches of, or leaves it
      // by unwinding.
      if (!Branch)
        continue;
      auto target = [&](unsigned Index) -> BasicBlock * {
        if (Index >= Branch->getNumSuccessors())
          return nullptr;
        BasicBlock *Successor = Branch->getSuccessor(Index);
        return Exits.contains(Successor) ? Successor : nullptr;
      };
      if (target(0) || target(1))
        Hub.addBranch(BB, target(0), target(1));
    }
    SmallVector<BasicBlock *, 8> Guards;
    DomTreeUpdater DTU(DT, DomTreeUpdater::UpdateStrategy::Eager);
    if (!Hub.finalize(&DTU, Guards, "loop.exit").second)
      return false;
    Function *Opaque = declareOpaque(*F.getParent());
    for (BasicBlock *Guard : Guards) {
      Returning.insert(Guard);
      auto *Branch = dyn_cast<BranchInst>(Guard->getTerminator());
      if (Branch && Branch->isConditional()) {
        IRBuilder<> Builder(Branch);
        Branch->setCondition(
            Builder.CreateCall(Opaque, {Branch->getCondition()}));
      }
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

struct LoopShapePass : PassInfoMixin<LoopShapePass> {
  PreservedAnalyses run(Function &F, FunctionAnalysisManager &) {
    return LoopShape(F).run() ? PreservedAnalyses::none()
                              : PreservedAnalyses::all();
  }
};

struct RevealPass : PassInfoMixin<RevealPass> {
  PreservedAnalyses run(Module &M, ModuleAnalysisManager &) {
    Function *Opaque = M.getFunction(OpaqueName);
    if (!Opaque)
      return PreservedAnalyses::all();
    for (User *U : make_early_inc_range(Opaque->users())) {
      auto *Call = cast<CallBase>(U);
      Call->replaceAllUsesWith(Call->getArgOperand(0));
      Call->eraseFromParent();
    }
    Opaque->eraseFromParent();
    return PreservedAnalyses::none();
  }
};

} // namespace

void LLVMRustAddPassesBeforeEnzyme(ModulePassManager &MPM, PassBuilder &PB,
                                   OptimizationLevel Level) {
  FunctionPassManager Early, Late;
  // While there is no phi, LoopSimplify merges back edges. Later, it would
  // rather make two loops of one.
  Early.addPass(LoopSimplifyPass());
  MPM.addPass(createModuleToFunctionPassAdaptor(std::move(Early)));
  // What comes after the simplification is for code generation.
  MPM.addPass(
      PB.buildModuleSimplificationPipeline(Level, ThinOrFullLTOPhase::None));
  Late.addPass(LowerSwitchPass());
  Late.addPass(LoopShapePass());
  MPM.addPass(createModuleToFunctionPassAdaptor(std::move(Late)));
}

void LLVMRustAddPassesAfterEnzyme(ModulePassManager &MPM) {
  MPM.addPass(RevealPass());
}
