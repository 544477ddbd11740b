// Cutting a slice, see Slice.h.

#include "Slice.h"

#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/TypeFinder.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include "llvm/Transforms/Utils/ValueMapper.h"

using namespace llvm;
using namespace engine;

namespace {

/// Brings over a global the first time that something already brought over mentions it.
class Cutter : public ValueMaterializer {
public:
  explicit Cutter(Module &From) : From(From) {
    Result.M = std::make_unique<Module>(From.getModuleIdentifier(), From.getContext());
    Result.M->setDataLayout(From.getDataLayout());
    Result.M->setTargetTriple(From.getTargetTriple());
    copyDebugInfoVersions();
    stubCompileUnits();
  }

  Expected<Slice> cut(ArrayRef<Function *> Wrappers);

  Value *materialize(Value *V) override {
    auto *GV = dyn_cast<GlobalValue>(V);
    return GV ? bring(*GV, /*WithBody=*/true) : nullptr;
  }

private:
  void copyDebugInfoVersions();
  void stubCompileUnits();
  GlobalValue *bring(GlobalValue &Original, bool WithBody);
  Function *declare(Function &Original, StringRef Name);
  GlobalVariable *declare(GlobalVariable &Original, StringRef Name);
  void copyNotes(const GlobalValue &Original, GlobalObject &Copy);
  std::string nameFor(const GlobalValue &Original);
  void define(Function &Original);
  void define(GlobalVariable &Original);
  void listNodes();
  void sortByNesting(ArrayRef<Function *> Wrappers);

  Module &From;
  Slice Result;
  ValueToValueMapTy Map;
  std::vector<GlobalObject *> ToDefine;
};

} // namespace

/// Without these the reader at the other end throws the debug info away. No other module flag has a say
/// in what happens to a slice, and the engine chokes on some.
void Cutter::copyDebugInfoVersions() {
  for (StringRef Flag : {"Debug Info Version", "Dwarf Version"})
    if (auto *Version = mdconst::extract_or_null<ConstantInt>(From.getModuleFlag(Flag)))
      Result.M->addModuleFlag(Module::Warning, Flag, Version->getZExtValue());
}

/// A compile unit lists the types, globals and imports of its whole crate. The slice needs none of them.
void Cutter::stubCompileUnits() {
  for (DICompileUnit *Unit : From.debug_compile_units()) {
    TempDICompileUnit Stub = Unit->clone();
    Stub->replaceEnumTypes(nullptr);
    Stub->replaceRetainedTypes(nullptr);
    Stub->replaceGlobalVariables(nullptr);
    Stub->replaceImportedEntities(nullptr);
    Stub->replaceMacros(nullptr);
    DICompileUnit *Kept = MDNode::replaceWithDistinct(std::move(Stub));
    Map.MD()[Unit].reset(Kept);
    // Cloning a function lists the unit of the function only, not those of types from elsewhere.
    Result.M->getOrInsertNamedMetadata("llvm.dbg.cu")->addOperand(Kept);
  }
}

std::string Cutter::nameFor(const GlobalValue &Original) {
  if (!Original.hasName())
    return "engine.unnamed." + std::to_string(Result.Originals.size());
  return Original.getName().str();
}

GlobalValue *Cutter::bring(GlobalValue &Original, bool WithBody) {
  // An alias is another name for a body. Its own name is of no interest to Enzyme, the body is.
  if (auto *Alias = dyn_cast<GlobalAlias>(&Original))
    if (auto *Object = dyn_cast<GlobalObject>(Alias->getAliasee()->stripPointerCastsAndAliases()))
      return bring(*Object, WithBody);

  ValueToValueMapTy::iterator Known = Map.find(&Original);
  if (Known != Map.end())
    return cast<GlobalValue>(Known->second);

  std::string Name = nameFor(Original);
  GlobalObject *Copy;
  bool Defined = WithBody && !Original.isDeclaration();
  if (auto *Var = dyn_cast<GlobalVariable>(&Original)) {
    Copy = declare(*Var, Name);
    // What a mutable global holds is known only when the program runs.
    Defined &= Var->isConstant();
  } else if (auto *F = dyn_cast<Function>(&Original)) {
    Copy = declare(*F, Name);
    // Nothing flows back from a function that never returns, and it drags all of the panic machinery in.
    Defined &= !F->doesNotReturn();
  } else {
    // An ifunc, or an alias into the middle of something: all that is known is an address.
    Copy = new GlobalVariable(*Result.M, Type::getInt8Ty(From.getContext()), false,
                              GlobalValue::ExternalLinkage, nullptr, Name);
    Defined = false;
  }
  Map[&Original] = Copy;
  Result.Originals[Copy->getName()] = &Original;
  if (!Defined || !isa<Function>(Copy))
    copyNotes(Original, *Copy);
  if (Defined)
    ToDefine.push_back(cast<GlobalObject>(&Original));
  return Copy;
}

/// What Enzyme is told of a function or variable: that it is inactive, or has these derivatives, or this
/// shadow. With a body, a function gets it all the same.
void Cutter::copyNotes(const GlobalValue &Original, GlobalObject &Copy) {
  auto *Object = dyn_cast<GlobalObject>(&Original);
  if (!Object)
    return;
  SmallVector<StringRef> Names;
  From.getContext().getMDKindNames(Names);
  SmallVector<std::pair<unsigned, MDNode *>> Notes;
  Object->getAllMetadata(Notes);
  for (auto [Kind, Note] : Notes) {
    if (!Names[Kind].starts_with("enzyme_"))
      continue;
    SmallVector<Metadata *> Operands;
    for (const MDOperand &Operand : Note->operands()) {
      // A derivative, or the shadow of a variable.
      auto *Named = mdconst::dyn_extract<GlobalObject>(Operand);
      Operands.push_back(Named ? ConstantAsMetadata::get(bring(*Named, /*WithBody=*/false))
                               : Operand.get());
    }
    Copy.setMetadata(Kind, MDNode::get(From.getContext(), Operands));
  }
}

/// External, so that no pass at the other end may rename it, drop it or change its signature.
Function *Cutter::declare(Function &Original, StringRef Name) {
  Function *F = Function::Create(Original.getFunctionType(), GlobalValue::ExternalLinkage,
                                 Original.getAddressSpace(), Name, Result.M.get());
  F->setCallingConv(Original.getCallingConv());
  F->setAttributes(Original.getAttributes());
  F->setUnnamedAddr(Original.getUnnamedAddr());
  return F;
}

GlobalVariable *Cutter::declare(GlobalVariable &Original, StringRef Name) {
  auto *Var = new GlobalVariable(*Result.M, Original.getValueType(), Original.isConstant(),
                                 GlobalValue::ExternalLinkage, nullptr, Name, nullptr,
                                 Original.getThreadLocalMode(), Original.getAddressSpace(),
                                 Original.isExternallyInitialized());
  Var->setAlignment(Original.getAlign());
  Var->setAttributes(Original.getAttributes());
  Var->setUnnamedAddr(Original.getUnnamedAddr());
  return Var;
}

void Cutter::define(Function &Original) {
  // The personality is mentioned by its address alone.
  if (Original.hasPersonalityFn())
    if (auto *Personality = dyn_cast<GlobalValue>(Original.getPersonalityFn()))
      bring(*Personality, /*WithBody=*/false);

  auto *Copy = cast<Function>(Map[&Original]);
  for (auto [Theirs, Ours] : zip_equal(Original.args(), Copy->args()))
    Map[&Theirs] = &Ours;
  SmallVector<ReturnInst *> Returns;
  CloneFunctionInto(Copy, &Original, Map, CloneFunctionChangeType::DifferentModule, Returns, "",
                    nullptr, nullptr, this);
  // CloneFunctionInto copies these from the original.
  Copy->setVisibility(GlobalValue::DefaultVisibility);
  Copy->setSection("");
}

void Cutter::define(GlobalVariable &Original) {
  auto *Copy = cast<GlobalVariable>(Map[&Original]);
  Copy->setInitializer(MapValue(Original.getInitializer(), Map, RF_None, nullptr, this));
}

/// Printing and parsing make new debug info nodes. A list of all of them, in an order known on both
/// sides, is what allows to put the old ones back.
void Cutter::listNodes() {
  NamedMDNode *List = Result.M->getOrInsertNamedMetadata(Slice::NodeList);
  for (auto &[Old, New] : Map.MD()) {
    auto *Original = dyn_cast<MDNode>(Old);
    auto *Copy = dyn_cast_or_null<MDNode>(New.get());
    if (!Original || !Copy || (!Original->isDistinct() && !isa<DINode>(Original)))
      continue;
    List->addOperand(Copy);
    Result.Nodes.push_back(const_cast<MDNode *>(Original));
  }
}

/// Appends to \p Reached, callees first, what \p F mentions and has not been seen yet.
static void reach(Function &F, SmallPtrSetImpl<Function *> &Seen,
                  SmallVectorImpl<Function *> &Reached) {
  if (!Seen.insert(&F).second)
    return;
  for (Instruction &I : instructions(F))
    for (Value *Operand : I.operands())
      if (auto *Mentioned = dyn_cast<Function>(Operand))
        reach(*Mentioned, Seen, Reached);
  Reached.push_back(&F);
}

/// Enzyme answers requests in the order of the module. One that lies within a function that another one
/// differentiates has to be answered by then, so callees come first.
void Cutter::sortByNesting(ArrayRef<Function *> Wrappers) {
  SmallPtrSet<Function *, 16> Seen;
  SmallVector<Function *> Reached;
  for (Function *Wrapper : Wrappers)
    reach(*cast<Function>(Map[Wrapper]), Seen, Reached);
  Module::FunctionListType &List = Result.M->getFunctionList();
  for (Function *F : reverse(Reached))
    List.splice(List.begin(), List, F->getIterator());
}

Expected<Slice> Cutter::cut(ArrayRef<Function *> Wrappers) {
  for (Function *Wrapper : Wrappers)
    bring(*Wrapper, /*WithBody=*/true);
  while (!ToDefine.empty()) {
    GlobalObject *Original = ToDefine.back();
    ToDefine.pop_back();
    if (auto *F = dyn_cast<Function>(Original))
      define(*F);
    else
      define(*cast<GlobalVariable>(Original));
  }
  sortByNesting(Wrappers);
  listNodes();
  // Cloning leaves an empty list behind where there is no debug info, and that draws a warning.
  if (NamedMDNode *Units = Result.M->getNamedMetadata("llvm.dbg.cu"))
    if (Units->getNumOperands() == 0)
      Units->eraseFromParent();
  Result.M->getOrInsertFunction(Slice::StartMarker,
                                FunctionType::get(Type::getVoidTy(From.getContext()), false));

  // Parsing would make new types under new names, and calls between old and new code would no longer
  // agree. rustc names no struct type.
  TypeFinder Named;
  Named.run(*Result.M, /*onlyNamed=*/true);
  if (!Named.empty())
    return createStringError("the code to differentiate uses the named struct type `" +
                             (*Named.begin())->getName() + "`, which is not supported");
  return std::move(Result);
}

Expected<Slice> engine::cutSlice(Module &M, ArrayRef<Function *> Wrappers) {
  return Cutter(M).cut(Wrappers);
}
