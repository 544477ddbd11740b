// The order of events: outline, cut, differentiate, merge. And what happens if one of them fails.

#include "Pass.h"
#include "Engine.h"
#include "Merge.h"
#include "Outline.h"
#include "Slice.h"

#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/IRBuilder.h"

using namespace llvm;
using namespace engine;

namespace {

/// rustc drops diagnostics of the generic kind and of kinds that it does not know, and turns those of kind
/// Unsupported into errors. LLVM's own class of that kind would print the type of a function as well.
class DifferentiationFailed : public DiagnosticInfo {
public:
  explicit DifferentiationFailed(std::string Message)
      : DiagnosticInfo(DK_Unsupported, DS_Error), Message(std::move(Message)) {}
  void print(DiagnosticPrinter &Printer) const override { Printer << Message; }

private:
  std::string Message;
};

} // namespace

static Error differentiateRequests(Module &M, SmallVectorImpl<Function *> &Wrappers) {
  if (Error E = checkTarget(M))
    return E;
  if (Error E = outlineRequests(M, Wrappers))
    return E;
  Expected<Slice> Question = cutSlice(M, Wrappers);
  if (!Question)
    return Question.takeError();
  auto Answer = differentiate(*Question->M);
  if (!Answer)
    return Answer.takeError();
  return mergeAnswer(M, std::move(*Answer), *Question, Wrappers);
}

static void trapInstead(Function &F) {
  F.deleteBody();
  F.setLinkage(GlobalValue::InternalLinkage);
  IRBuilder<> Builder(BasicBlock::Create(F.getContext(), "", &F));
  Builder.CreateIntrinsic(Intrinsic::trap, {});
  Builder.CreateUnreachable();
}

PreservedAnalyses DifferentiatePass::run(Module &M, ModuleAnalysisManager &) {
  if (none_of(M, isRequest))
    return PreservedAnalyses::all();

  SmallVector<Function *> Wrappers;
  if (Error E = differentiateRequests(M, Wrappers)) {
    M.getContext().diagnose(DifferentiationFailed("autodiff: " + toString(std::move(E))));
    // rustc runs this pass again over the same module, and one error is enough. The program is not
    // going to be linked; were it ever, it must not compute anything.
    for (Function *Wrapper : Wrappers)
      trapInstead(*Wrapper);
    for (Function &F : M)
      if (isRequest(F))
        trapInstead(F);
  }
  for (Function &F : make_early_inc_range(M))
    if (isRequestName(F.getName()) && F.isDeclaration() && F.use_empty())
      F.eraseFromParent();
  return PreservedAnalyses::none();
}
