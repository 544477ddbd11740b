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

#include "llvm/Analysis/AliasAnalysis.h"
#include "llvm/Analysis/AssumptionCache.h"
#include "llvm/Analysis/DomTreeUpdater.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ScalarEvolution.h"
#include "llvm/Analysis/ScalarEvolutionExpressions.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/CodeGen/ExpandReductions.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/PassManager.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Transforms/Scalar/ScalarizeMaskedMemIntrin.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"
#include "llvm/Transforms/Utils/ControlFlowUtils.h"
#include "llvm/Transforms/Utils/LoopSimplify.h"
#include "llvm/Transforms/Utils/LoopUtils.h"
#include "llvm/Transforms/Utils/LowerSwitch.h"
#include "llvm/Transforms/Utils/Mem2Reg.h"

using namespace llvm;

// In AutodiffAlignment.cpp.
void LLVMRustTellAlignment(Module &M);
void LLVMRustAlignAllocations(Module &M);

// In AutodiffAsm.cpp.
void LLVMRustOutlineAsm(Module &M);
void LLVMRustInlineAsm(Module &M);

// In AutodiffCasts.cpp.
void LLVMRustForgetCasts(Module &M);

// In AutodiffFeatures.cpp.
void LLVMRustPassArraysForVectors(Module &M);

// In AutodiffIndirect.cpp.
void LLVMRustPrepareIndirectCalls(Module &M);
void LLVMRustRevealIndirectCalls(Module &M);
bool LLVMRustOnlySliceCalls(const Function *F);

// In AutodiffIntegers.cpp.
void LLVMRustSelectIntegers(Function &F);

// In AutodiffLanes.cpp.
void LLVMRustFillLanes(Function &F);
void LLVMRustStoreLanesApart(Function &F);

// In AutodiffPointers.cpp.
void LLVMRustKeepChosenObjects(Function &F, ScalarEvolution &SE);
void LLVMRustTouchReturnedPointers(Function &F);
void LLVMRustSeparateAccesses(Function &F);
void LLVMRustForgetPointers(Module &M);
void LLVMRustSpreadAggregates(Module &M);

// In AutodiffReturns.cpp.
void LLVMRustAddReturnsThroughMemory(ModulePassManager &MPM);

// In AutodiffStatics.cpp.
void LLVMRustInlineUsersOfScratch(Module &M);
void LLVMRustTellStatics(Module &M);
void LLVMRustOutlineAtomics(Module &M);
void LLVMRustInlineAtomics(Module &M);

// In AutodiffStores.cpp.
void LLVMRustSpreadStores(Function &F);
void LLVMRustUntieStores(Function &F, function_ref<Function *()> Opaque);
void LLVMRustForgetFreezes(Function &F);
void LLVMRustCountVariables(Function &F);

// In AutodiffTypes.cpp.
Function *LLVMRustDeclareMarker(Module &M, StringRef Name, FunctionType *Ty);
void LLVMRustTellTypes(Function &F);
void LLVMRustForgetUnknownBytes(Module &M);

namespace {

// What hides a condition from other passes. Of a unified exit, they would thread
// the jump, and there would be two exits again.
constexpr StringRef OpaqueName = "rustc.autodiff.opaque";

Function *declareOpaque(Module &M) {
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

void hideCondition(BranchInst &Branch) {
  Function *Opaque = declareOpaque(*Branch.getModule());
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

// What a phi is where control comes from that nobody asks for it. Enzyme would take
// the phi for its one other value, of a round of the loop in which it is another.
void defineAll(Function &F) {
  for (BasicBlock &BB : F)
    for (PHINode &Phi : BB.phis())
      for (Use &Incoming : Phi.incoming_values())
        if (isa<UndefValue>(Incoming))
          Incoming.set(Constant::getNullValue(Phi.getType()));
}

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

// Hides the conditions of the exits of all other loops. Enzyme has a ScalarEvolution
// of its own that takes every exit for one that is taken at some time, believes
// what it says of a loop between two bounds that move, or of steps of any size,
// and gives its copy of the loop another exit condition, which need not be met.
// Where ScalarEvolution cannot say, Enzyme counts as the program runs.
void hideUncountedExits(Function &F, LoopInfo &LI, ScalarEvolution &SE) {
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

// Gives `__rust_realloc` a body of what Enzyme knows: an allocation, a copy, and
// the end of the old one.
struct ReallocPass : PassInfoMixin<ReallocPass> {
  PreservedAnalyses run(Module &M, ModuleAnalysisManager &) {
    constexpr StringRef Name = "__rust_realloc";
    for (Function &F : M)
      if (F.isDeclaration() && F.arg_size() == 4 && F.getName().ends_with(Name)) {
        define(F, F.getName().drop_back(Name.size()));
        return PreservedAnalyses::none();
      }
    return PreservedAnalyses::all();
  }

private:
  // The symbol of one of its siblings. Mangled, their names have a length.
  static std::string sibling(StringRef Prefix, StringRef Name) {
    if (Prefix.consume_back("14_"))
      return (Prefix + Twine(Name.size()) + "_" + Name).str();
    return (Prefix + Name).str();
  }

  static void define(Function &F, StringRef Prefix) {
    Module &M = *F.getParent();
    LLVMContext &C = M.getContext();
    Value *Old = F.getArg(0), *OldSize = F.getArg(1), *Align = F.getArg(2),
          *NewSize = F.getArg(3);
    Type *Ptr = Old->getType(), *Size = OldSize->getType();
    FunctionCallee Alloc = M.getOrInsertFunction(
        sibling(Prefix, "__rust_alloc"),
        FunctionType::get(Ptr, {Size, Size}, false));
    FunctionCallee Dealloc = M.getOrInsertFunction(
        sibling(Prefix, "__rust_dealloc"),
        FunctionType::get(Type::getVoidTy(C), {Ptr, Size, Size}, false));

    // The symbol stays what it is, in the codegen unit that this becomes part of.
    Function *Body = Function::Create(F.getFunctionType(),
                                      GlobalValue::InternalLinkage,
                                      "rustc.autodiff.realloc", M);
    Body->addFnAttr(Attribute::AlwaysInline);
    F.replaceAllUsesWith(Body);
    Old = Body->getArg(0), OldSize = Body->getArg(1), Align = Body->getArg(2),
    NewSize = Body->getArg(3);
    IRBuilder<> Builder(BasicBlock::Create(C, "", Body));
    BasicBlock *Copy = BasicBlock::Create(C, "", Body);
    BasicBlock *End = BasicBlock::Create(C, "", Body);
    CallInst *New = Builder.CreateCall(Alloc, {NewSize, Align});
    Builder.CreateCondBr(Builder.CreateIsNull(New), End, Copy);
    Builder.SetInsertPoint(Copy);
    Value *Shorter = Builder.CreateICmpULT(NewSize, OldSize);
    Builder.CreateMemCpy(New, MaybeAlign(), Old, MaybeAlign(),
                         Builder.CreateSelect(Shorter, NewSize, OldSize));
    Builder.CreateCall(Dealloc, {Old, OldSize, Align});
    Builder.CreateBr(End);
    Builder.SetInsertPoint(End);
    Builder.CreateRet(New);
  }
};

// Copies between ranges that may overlap by way of another. Enzyme's reverse
// takes them for ranges that do not.
void copyByTemporary(Function &F) {
  const DataLayout &Layout = F.getDataLayout();
  SmallVector<MemMoveInst *> Moves;
  for (Instruction &I : instructions(F))
    if (auto *Move = dyn_cast<MemMoveInst>(&I))
      if (!Move->isVolatile())
        Moves.push_back(Move);
  for (MemMoveInst *Move : Moves) {
    IRBuilder<> Builder(Move);
    Value *Size = Move->getLength();
    auto *Constant = dyn_cast<ConstantInt>(Size);
    constexpr uint64_t LargestOnStack = 4096;
    bool OnStack = Constant && Constant->getZExtValue() <= LargestOnStack;
    Value *Temporary;
    if (OnStack) {
      IRBuilder<> Entry(&*F.getEntryBlock().getFirstInsertionPt());
      auto *Slot = Entry.CreateAlloca(
          ArrayType::get(Builder.getInt8Ty(), Constant->getZExtValue()));
      Slot->setAlignment(Align(16));
      Temporary = Slot;
    } else {
      Type *Ptr = Builder.getPtrTy();
      Type *Word = Layout.getIntPtrType(F.getContext());
      FunctionCallee Malloc = F.getParent()->getOrInsertFunction(
          "malloc", FunctionType::get(Ptr, {Word}, false));
      CallInst *Call =
          Builder.CreateCall(Malloc, {Builder.CreateZExtOrTrunc(Size, Word)});
      Call->addRetAttr(Attribute::NoAlias);
      Temporary = Call;
    }
    CallInst *Out = Builder.CreateMemCpy(Temporary, MaybeAlign(),
                                         Move->getSource(),
                                         Move->getSourceAlign(), Size);
    CallInst *In = Builder.CreateMemCpy(Move->getDest(), Move->getDestAlign(),
                                        Temporary, MaybeAlign(), Size);
    for (CallInst *Copy : {Out, In})
      Copy->copyMetadata(*Move, {LLVMContext::MD_tbaa});
    if (!OnStack)
      Builder.CreateCall(F.getParent()->getOrInsertFunction(
                             "free", FunctionType::get(Builder.getVoidTy(),
                                                       {Builder.getPtrTy()},
                                                       false)),
                         {Temporary});
    Move->eraseFromParent();
  }
}

// What keeps LLVM from making a fill or a copy, which does not say what it moves, of
// stores and loads that do.
constexpr StringRef NoFills = "no-builtin-memset", NoCopies = "no-builtin-memcpy";

// Until Enzyme has run, nothing is computed that the program would not compute.
// Of what is not selected in the end, the adjoint is zero, but times the
// derivative of a square root of a negative number, or of a division by zero, it
// is NaN. The attribute is the one way to tell SimplifyCFG.
struct NoSpeculationPass : PassInfoMixin<NoSpeculationPass> {
  PreservedAnalyses run(Module &M, ModuleAnalysisManager &) {
    LLVMRustInlineUsersOfScratch(M);
    for (Function &F : M)
      if (!F.isDeclaration()) {
        F.addFnAttr(Attribute::OptForFuzzing);
        F.addFnAttr(NoFills);
        F.addFnAttr(NoCopies);
      }
    return PreservedAnalyses::none();
  }
};

// A pointer that a function only writes through, Enzyme leaves undefined where it
// calls the reverse of that function, which compares it with its shadow.
constexpr StringRef KeepPointers = "enzyme_preserve_primal";

// Takes `Kind` from the parameters of \p F and from what it passes, of functions for
// which \p IsMeant holds.
void forgetParamAttr(Function &F, Attribute::AttrKind Kind,
                     function_ref<bool(const Function *)> IsMeant) {
  if (IsMeant(&F))
    for (Argument &Arg : F.args())
      Arg.removeAttr(Kind);
  for (Instruction &I : instructions(F)) {
    auto *Call = dyn_cast<CallBase>(&I);
    if (Call && IsMeant(Call->getCalledFunction()))
      for (unsigned Index = 0; Index < Call->arg_size(); ++Index)
        Call->removeParamAttr(Index, Kind);
  }
}

// Says to Enzyme what it gets wrong about intrinsics.
void describeIntrinsics(Function &F) {
  for (Instruction &I : instructions(F)) {
    auto *Call = dyn_cast<IntrinsicInst>(&I);
    if (!Call)
      continue;
    switch (Call->getIntrinsicID()) {
    case Intrinsic::fptosi_sat:
    case Intrinsic::fptoui_sat:
      // Of an integer that a float is made to, there is no derivative.
      Call->addFnAttr(Attribute::get(F.getContext(), "enzyme_inactive"));
      break;
    case Intrinsic::memcpy:
    case Intrinsic::memset:
      // Enzyme copies piece by piece what is of several types, and takes the second
      // piece for as well aligned as the first.
      cast<MemIntrinsic>(Call)->setDestAlignment(Align(1));
      if (auto *Copy = dyn_cast<MemCpyInst>(Call))
        Copy->setSourceAlignment(Align(1));
      break;
    }
  }
}

// What returns memory that nothing else points to, Enzyme takes for an allocator,
// though it may have written pointers there.
void forgetFreshReturns(Function &F) {
  F.removeRetAttr(Attribute::NoAlias);
  for (Instruction &I : instructions(F)) {
    auto *Call = dyn_cast<CallBase>(&I);
    const Function *Callee = Call ? Call->getCalledFunction() : nullptr;
    if (Callee && !Callee->isDeclaration())
      Call->removeRetAttr(Attribute::NoAlias);
  }
}

struct SpreadStoresPass : PassInfoMixin<SpreadStoresPass> {
  PreservedAnalyses run(Function &F, FunctionAnalysisManager &) {
    LLVMRustSpreadStores(F);
    return PreservedAnalyses::none();
  }
};

struct CastsPass : PassInfoMixin<CastsPass> {
  PreservedAnalyses run(Module &M, ModuleAnalysisManager &) {
    LLVMRustForgetCasts(M);
    LLVMRustTellAlignment(M);
    return PreservedAnalyses::none();
  }
};

struct PreparePass : PassInfoMixin<PreparePass> {
  PreservedAnalyses run(Function &F, FunctionAnalysisManager &FAM) {
    LoopShape(F).run();
    defineAll(F);
    LLVMRustFillLanes(F);
    LLVMRustSelectIntegers(F);
    DominatorTree DT(F);
    LoopInfo LI(DT);
    AssumptionCache AC(F);
    ScalarEvolution SE(F, FAM.getResult<TargetLibraryAnalysis>(F), AC, DT, LI);
    hideUncountedExits(F, LI, SE);
    LLVMRustKeepChosenObjects(F, SE);
    LLVMRustTouchReturnedPointers(F);
    copyByTemporary(F);
    LLVMRustTellTypes(F);
    LLVMRustStoreLanesApart(F);
    LLVMRustSeparateAccesses(F);
    LLVMRustUntieStores(F, [&] { return declareOpaque(*F.getParent()); });
    describeIntrinsics(F);
    LLVMRustCountVariables(F);
    F.addFnAttr(KeepPointers);
    // What Enzyme makes of it would otherwise not be inlined where this is not said.
    for (StringRef Attr : {NoFills, NoCopies})
      F.removeFnAttr(Attr);
    // What a function was passed in memory, its reverse reads again.
    forgetParamAttr(F, Attribute::DeadOnReturn, [](const Function *) { return true; });
    // What goes nowhere from a function may be kept for its reverse.
    forgetParamAttr(F, Attribute::Captures, [](const Function *Callee) {
      return Callee && !Callee->isDeclaration();
    });
    // `sret([16 x i8])` says bytes to Enzyme, through which no derivative goes.
    forgetParamAttr(F, Attribute::StructRet, LLVMRustOnlySliceCalls);
    forgetFreshReturns(F);
    return PreservedAnalyses::none();
  }
};

struct IndirectCallsPass : PassInfoMixin<IndirectCallsPass> {
  PreservedAnalyses run(Module &M, ModuleAnalysisManager &) {
    LLVMRustPrepareIndirectCalls(M);
    return PreservedAnalyses::none();
  }
};

struct StaticsPass : PassInfoMixin<StaticsPass> {
  PreservedAnalyses run(Module &M, ModuleAnalysisManager &) {
    LLVMRustTellStatics(M);
    LLVMRustOutlineAtomics(M);
    LLVMRustOutlineAsm(M);
    return PreservedAnalyses::none();
  }
};

struct RevealPass : PassInfoMixin<RevealPass> {
  PreservedAnalyses run(Module &M, ModuleAnalysisManager &) {
    LLVMRustRevealIndirectCalls(M);
    for (Function &F : M) {
      F.removeFnAttr(Attribute::OptForFuzzing);
      F.removeFnAttr(KeepPointers);
      LLVMRustForgetFreezes(F);
    }
    if (Function *Opaque = M.getFunction(OpaqueName)) {
      for (User *U : make_early_inc_range(Opaque->users())) {
        auto *Call = cast<CallBase>(U);
        Call->replaceAllUsesWith(Call->getArgOperand(0));
        Call->eraseFromParent();
      }
      Opaque->eraseFromParent();
    }
    LLVMRustAlignAllocations(M);
    LLVMRustInlineAtomics(M);
    LLVMRustInlineAsm(M);
    LLVMRustForgetPointers(M);
    LLVMRustPassArraysForVectors(M);
    LLVMRustSpreadAggregates(M);
    LLVMRustForgetUnknownBytes(M);
    return PreservedAnalyses::none();
  }
};

} // namespace

void LLVMRustAddPassesBeforeEnzyme(ModulePassManager &MPM, PassBuilder &PB,
                                   OptimizationLevel Level) {
  MPM.addPass(ReallocPass());
  MPM.addPass(NoSpeculationPass());
  FunctionPassManager Early, Variables;
  // While there is no phi, LoopSimplify merges back edges. Later, it would
  // rather make two loops of one.
  Early.addPass(LoopSimplifyPass());
  MPM.addPass(createModuleToFunctionPassAdaptor(std::move(Early)));
  // What comes after the simplification is for code generation.
  MPM.addPass(
      PB.buildModuleSimplificationPipeline(Level, ThinOrFullLTOPhase::None));
  MPM.addPass(IndirectCallsPass());
  LLVMRustAddReturnsThroughMemory(MPM);
  MPM.addPass(StaticsPass());
  Variables.addPass(LowerSwitchPass());
  Variables.addPass(SpreadStoresPass());
  // What Enzyme does not know: gathers and scatters, and some reductions.
  Variables.addPass(ScalarizeMaskedMemIntrinPass());
  Variables.addPass(ExpandReductionsPass());
  // Variables that need not be in memory any more. SROA would make an integer of what
  // is stored as a float and loaded as an integer.
  Variables.addPass(PromotePass());
  MPM.addPass(createModuleToFunctionPassAdaptor(std::move(Variables)));
  MPM.addPass(CastsPass());
  MPM.addPass(createModuleToFunctionPassAdaptor(PreparePass()));
}

void LLVMRustAddPassesAfterEnzyme(ModulePassManager &MPM) {
  MPM.addPass(RevealPass());
}
