// What is done to the code before Enzyme differentiates it, and taken back
// afterwards.

#include "LLVMWrapper.h"

#include "llvm/Analysis/AssumptionCache.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ScalarEvolution.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/CodeGen/ExpandReductions.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/PassManager.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Transforms/Scalar/GVN.h"
#include "llvm/Transforms/Scalar/ScalarizeMaskedMemIntrin.h"
#include "llvm/Transforms/Utils/LoopSimplify.h"
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

// In AutodiffForeign.cpp.
void LLVMRustRevealForeign(Module &M);

// In AutodiffIndirect.cpp.
void LLVMRustPrepareIndirectCalls(Module &M);
void LLVMRustRevealIndirectCalls(Module &M);
bool LLVMRustOnlySliceCalls(const Function *F);

// In AutodiffIntegers.cpp.
void LLVMRustSelectIntegers(Function &F);

// In AutodiffJoins.cpp.
void LLVMRustJoinInPairs(Function &F);
void LLVMRustForgetPairs(Module &M);

// In AutodiffLanes.cpp.
void LLVMRustFillLanes(Function &F);
void LLVMRustStoreLanesApart(Function &F);

// In AutodiffLoops.cpp.
Function *LLVMRustDeclareOpaque(Module &M);
void LLVMRustForgetOpaque(Module &M);
void LLVMRustShapeLoops(Function &F);
void LLVMRustHideUncountedExits(Function &F, LoopInfo &LI, ScalarEvolution &SE);

// In AutodiffMemory.cpp.
void LLVMRustDefineRealloc(Module &M);
void LLVMRustNoteFrees(Module &M);
void LLVMRustFreeNoted(Module &M);

// In AutodiffPointers.cpp.
void LLVMRustMarkSeveral(Module &M);
void LLVMRustLoadWhereUsed(Function &F);
void LLVMRustKeepChosenObjects(Function &F, ScalarEvolution &SE);
void LLVMRustTouchReturnedPointers(Function &F);
void LLVMRustSeparateAccesses(Function &F);
void LLVMRustForgetPointers(Module &M);
void LLVMRustSpreadAggregates(Module &M);

// In AutodiffPowers.cpp.
void LLVMRustPowersOfZero(Function &F);
void LLVMRustForgetPowers(Module &M);

// In AutodiffScopes.cpp.
void LLVMRustForgetScopesOfReads(Module &M);

// In AutodiffStatics.cpp.
void LLVMRustForEachDerivative(
    Module &M, function_ref<void(CallBase &Call, const Value &Primal)> Visit);
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
void LLVMRustSuspectOctets(Module &M);
void LLVMRustTellTypes(Function &F);
void LLVMRustForgetUnknownBytes(Module &M);

namespace {
// What a phi is where control comes from that nobody asks for it. Enzyme would take
// the phi for its one other value, of a round of the loop in which it is another.
void defineAll(Function &F) {
  for (BasicBlock &BB : F)
    for (PHINode &Phi : BB.phis())
      for (Use &Incoming : Phi.incoming_values())
        if (isa<UndefValue>(Incoming))
          Incoming.set(Constant::getNullValue(Phi.getType()));
}

struct ReallocPass : PassInfoMixin<ReallocPass> {
  PreservedAnalyses run(Module &M, ModuleAnalysisManager &) {
    LLVMRustDefineRealloc(M);
    return PreservedAnalyses::none();
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
    // Those of one architecture, as the one that waits in a loop, do not say so.
    Call->addFnAttr(Attribute::NoFree);
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

struct DescribePass : PassInfoMixin<DescribePass> {
  PreservedAnalyses run(Module &M, ModuleAnalysisManager &) {
    LLVMRustForgetCasts(M);
    LLVMRustSuspectOctets(M);
    LLVMRustForgetScopesOfReads(M);
    LLVMRustTellAlignment(M);
    LLVMRustNoteFrees(M);
    LLVMRustMarkSeveral(M);
    return PreservedAnalyses::none();
  }
};

struct PreparePass : PassInfoMixin<PreparePass> {
  PreservedAnalyses run(Function &F, FunctionAnalysisManager &FAM) {
    LLVMRustPowersOfZero(F);
    LLVMRustShapeLoops(F);
    LLVMRustJoinInPairs(F);
    defineAll(F);
    LLVMRustFillLanes(F);
    LLVMRustSelectIntegers(F);
    LLVMRustLoadWhereUsed(F);
    DominatorTree DT(F);
    LoopInfo LI(DT);
    AssumptionCache AC(F);
    ScalarEvolution SE(F, FAM.getResult<TargetLibraryAnalysis>(F), AC, DT, LI);
    LLVMRustHideUncountedExits(F, LI, SE);
    LLVMRustKeepChosenObjects(F, SE);
    LLVMRustTouchReturnedPointers(F);
    copyByTemporary(F);
    LLVMRustTellTypes(F);
    LLVMRustStoreLanesApart(F);
    LLVMRustSeparateAccesses(F);
    LLVMRustUntieStores(F, [&] { return LLVMRustDeclareOpaque(*F.getParent()); });
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

// Refuses primals that do not return. Enzyme takes them for functions without a body.
void refuseEndless(Module &M) {
  LLVMRustForEachDerivative(M, [&](CallBase &, const Value &Primal) {
    auto *F = dyn_cast<Function>(&Primal);
    if (F && none_of(*F, [](const BasicBlock &BB) {
          return isa<ReturnInst>(BB.getTerminator());
        }))
      M.getContext().diagnose(DiagnosticInfoUnsupported(
          *F, "it does not return, so it has no derivative"));
  });
}

struct StaticsPass : PassInfoMixin<StaticsPass> {
  PreservedAnalyses run(Module &M, ModuleAnalysisManager &) {
    refuseEndless(M);
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
    LLVMRustForgetOpaque(M);
    LLVMRustForgetPairs(M);
    LLVMRustForgetPowers(M);
    LLVMRustAlignAllocations(M);
    LLVMRustInlineAtomics(M);
    LLVMRustInlineAsm(M);
    LLVMRustRevealForeign(M);
    LLVMRustForgetPointers(M);
    LLVMRustPassArraysForVectors(M);
    LLVMRustSpreadAggregates(M);
    LLVMRustForgetUnknownBytes(M);
    LLVMRustFreeNoted(M);
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
  MPM.addPass(StaticsPass());
  // What LICM, which comes last, loads before a loop need not have been stored there yet. Of what is not
  // anything, Enzyme would ask for the type.
  Variables.addPass(GVNPass());
  Variables.addPass(LowerSwitchPass());
  Variables.addPass(SpreadStoresPass());
  // What Enzyme does not know: gathers and scatters, and some reductions.
  Variables.addPass(ScalarizeMaskedMemIntrinPass());
  Variables.addPass(ExpandReductionsPass());
  // Variables that need not be in memory any more. SROA would make an integer of what
  // is stored as a float and loaded as an integer.
  Variables.addPass(PromotePass());
  MPM.addPass(createModuleToFunctionPassAdaptor(std::move(Variables)));
  MPM.addPass(DescribePass());
  MPM.addPass(createModuleToFunctionPassAdaptor(PreparePass()));
}

void LLVMRustAddPassesAfterEnzyme(ModulePassManager &MPM) {
  MPM.addPass(RevealPass());
}
