// Preparing a slice for Enzyme, see Simplify.h.

#include "Simplify.h"

#include "llvm/Passes/PassBuilder.h"

using namespace llvm;

void engine::simplify(Module &M) {
  PipelineTuningOptions Tuning;
  Tuning.LoopUnrolling = false;
  PassBuilder Builder(/*TM=*/nullptr, Tuning);
  LoopAnalysisManager LAM;
  FunctionAnalysisManager FAM;
  CGSCCAnalysisManager CGAM;
  ModuleAnalysisManager MAM;
  Builder.registerModuleAnalyses(MAM);
  Builder.registerCGSCCAnalyses(CGAM);
  Builder.registerFunctionAnalyses(FAM);
  Builder.registerLoopAnalyses(LAM);
  Builder.crossRegisterProxies(LAM, FAM, CGAM, MAM);
  Builder.buildModuleSimplificationPipeline(OptimizationLevel::O2, ThinOrFullLTOPhase::None)
      .run(M, MAM);
}
