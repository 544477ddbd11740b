// Merging an answer, see Merge.h. Both modules live in one context, so functions and globals are moved
// from one to the other as they are, and then only what they refer to has to be changed.

#include "Merge.h"
#include "Outline.h"

#include "llvm/IR/Constants.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/InstrTypes.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Transforms/Utils/ValueMapper.h"

using namespace llvm;
using namespace engine;

namespace {

class Merger {
public:
  Merger(Module &Into, Module &Answer, const Slice &Question)
      : Into(Into), Answer(Answer), Question(Question) {}

  /// Moves everything over and appends the moved functions to \p Merged.
  Error merge(MutableArrayRef<Function *> Wrappers, SmallVectorImpl<Function *> &Merged);

private:
  Error checkWrappers(ArrayRef<Function *> Wrappers);
  Error mapNodes();
  void sortGlobals();
  void move(GlobalObject &New);
  void replaceWrapper(Function *&Wrapper, Function &Differentiated);

  Module &Into;
  Module &Answer;
  const Slice &Question;
  ValueToValueMapTy Map;
  /// Functions and variables of the answer that have no original.
  SmallVector<GlobalObject *> New;
};

} // namespace

Error Merger::checkWrappers(ArrayRef<Function *> Wrappers) {
  for (Function *Wrapper : Wrappers) {
    Function *F = Answer.getFunction(Wrapper->getName());
    if (!F || F->isDeclaration() || F->getFunctionType() != Wrapper->getFunctionType())
      return createStringError("the Enzyme executable lost the function `" + Wrapper->getName() +
                               "`; is ENZYME_ENGINE a program with Enzyme in it?");
  }
  return Error::success();
}

/// Debug info nodes that went out come back as copies. Map each to its original, so that no type is
/// described twice, and everything new hangs on the original compile units.
Error Merger::mapNodes() {
  NamedMDNode *List = Answer.getNamedMetadata(Slice::NodeList);
  size_t Returned = List ? List->getNumOperands() : 0;
  if (Returned != Question.Nodes.size())
    return createStringError("the Enzyme executable lost debug info");
  for (size_t I = 0; I != Returned; ++I)
    Map.MD()[List->getOperand(I)].reset(Question.Nodes[I]);
  return Error::success();
}

/// Decides for every global of the answer whether it stands for one that \p Into has, or is new.
void Merger::sortGlobals() {
  for (GlobalObject &GO : Answer.global_objects()) {
    GlobalValue *Original = Question.Originals.lookup(GO.getName());
    // A runtime function (malloc, memset, an intrinsic) that Enzyme introduced may be in use already.
    if (!Original && GO.isDeclaration() && !GO.use_empty())
      Original = Into.getNamedValue(GO.getName());
    if (Original)
      Map[&GO] = Original;
    else if (!GO.use_empty())
      New.push_back(&GO);
  }
}

void Merger::move(GlobalObject &GO) {
  if (!GO.isDeclaration()) {
    GO.setLinkage(GlobalValue::InternalLinkage);
    GO.setVisibility(GlobalValue::DefaultVisibility);
    GO.setComdat(nullptr);
  }
  if (auto *F = dyn_cast<Function>(&GO)) {
    F->removeFromParent();
    Into.getFunctionList().push_back(F);
  } else {
    auto *Var = cast<GlobalVariable>(&GO);
    Answer.removeGlobalVariable(Var);
    Into.insertGlobalVariable(Var);
  }
}

void Merger::replaceWrapper(Function *&Wrapper, Function &Differentiated) {
  // The wrapper is there only to be called once, Enzyme and its passes see an external function.
  Differentiated.removeFnAttr(Attribute::NoInline);
  Differentiated.removeFnAttr(Attribute::OptimizeNone);
  move(Differentiated);
  Differentiated.takeName(Wrapper);
  Wrapper->replaceAllUsesWith(&Differentiated);
  Wrapper->eraseFromParent();
  Wrapper = &Differentiated;
}

/// Enzyme calls what it introduces by the C convention, but link-time optimisation may have given the
/// function that it finds here, say `free`, another.
static void matchCallingConventions(Function &F) {
  for (Instruction &I : instructions(F))
    if (auto *Call = dyn_cast<CallBase>(&I))
      if (Function *Callee = Call->getCalledFunction())
        Call->setCallingConv(Callee->getCallingConv());
}

/// \p List of alias scopes without those of Enzyme's own domains; null if none is left.
static MDNode *withoutEnzymeScopes(MDNode *List) {
  SmallVector<Metadata *> Kept;
  for (const MDOperand &Scope : List->operands()) {
    const MDNode *Domain = AliasScopeNode(cast<MDNode>(Scope)).getDomain();
    auto *Name = Domain && Domain->getNumOperands() > 1 ? dyn_cast<MDString>(Domain->getOperand(1))
                                                        : nullptr;
    if (!Name || !Name->getString().starts_with(" diff: "))
      Kept.push_back(Scope);
  }
  return Kept.empty() ? nullptr : MDNode::get(List->getContext(), Kept);
}

/// Enzyme tells its own passes that what a primal's pointer points to never changes
/// (`!invariant.group`, which rustc does not use) and that primal and shadow never overlap (alias scopes
/// that no `llvm.experimental.noalias.scope.decl` bounds). Within one call that is so. Inlined into a
/// loop it would be read across iterations, where the caller has since written to the primal, or made
/// the shadow of one step the primal of the next.
static void dropPromisesBeyondOneCall(Function &F) {
  for (Instruction &I : instructions(F)) {
    I.setMetadata(LLVMContext::MD_invariant_group, nullptr);
    for (unsigned Kind : {LLVMContext::MD_alias_scope, LLVMContext::MD_noalias})
      if (MDNode *List = I.getMetadata(Kind))
        I.setMetadata(Kind, withoutEnzymeScopes(List));
  }
}

Error Merger::merge(MutableArrayRef<Function *> Wrappers, SmallVectorImpl<Function *> &Merged) {
  if (Error E = checkWrappers(Wrappers))
    return E;
  if (Error E = mapNodes())
    return E;
  sortGlobals();

  SmallVector<GlobalVariable *> Variables;
  for (GlobalObject *GO : New) {
    move(*GO);
    if (auto *F = dyn_cast<Function>(GO))
      Merged.push_back(F);
    else
      Variables.push_back(cast<GlobalVariable>(GO));
  }
  for (Function *&Wrapper : Wrappers) {
    Function *Differentiated = Answer.getFunction(Wrapper->getName());
    // The old wrapper is erased here and must not be a target of the map any more.
    Map.erase(Differentiated);
    replaceWrapper(Wrapper, *Differentiated);
    Merged.push_back(Wrapper);
  }

  ValueMapper Mapper(Map, RF_ReuseAndMutateDistinctMDs | RF_IgnoreMissingLocals);
  for (GlobalVariable *Var : Variables)
    if (Var->hasInitializer())
      Var->setInitializer(Mapper.mapConstant(*Var->getInitializer()));
  for (Function *F : Merged) {
    Mapper.remapFunction(*F);
    if (F->isDeclaration())
      continue;
    addInheritedAttributes(*F, *Wrappers.front());
    matchCallingConventions(*F);
    dropPromisesBeyondOneCall(*F);
  }
  return Error::success();
}

Error engine::mergeAnswer(Module &Into, std::unique_ptr<Module> Answer, const Slice &Question,
                          MutableArrayRef<Function *> Wrappers) {
  SmallVector<Function *> Merged;
  if (Error E = Merger(Into, *Answer, Question).merge(Wrappers, Merged))
    return E;
  // Leftovers in there still use what has been moved out, which the verifier would not accept.
  Answer.reset();
  for (Function *F : Merged) {
    std::string Complaint;
    raw_string_ostream OS(Complaint);
    if (verifyFunction(*F, &OS))
      return createStringError("the derivative `" + F->getName() + "` is invalid after merging: " +
                               StringRef(Complaint).split('\n').first);
  }
  // The code belongs where the request stood. A function of its own would have no place in the debug
  // information, and a backtrace through it no lines.
  for (Function *Wrapper : Wrappers)
    if (!Wrapper->hasFnAttribute(Attribute::NoInline))
      Wrapper->addFnAttr(Attribute::AlwaysInline);
  return Error::success();
}
