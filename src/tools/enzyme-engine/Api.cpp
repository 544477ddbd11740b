// The C interface that rustc looks up in libEnzyme by name: type trees, options, and the registration
// of the pass. Signatures are dictated by rustc_codegen_llvm/src/llvm/enzyme_ffi.rs.

#include "Options.h"
#include "Pass.h"
#include "TypeTree.h"

#include "llvm/IR/DataLayout.h"
#include "llvm/Passes/PassBuilder.h"

#include <cstring>

using namespace engine;

#define ENGINE_EXPORT __attribute__((visibility("default")))
#define ENGINE_API extern "C" ENGINE_EXPORT

ENGINE_API TypeTree *EnzymeNewTypeTree() { return new TypeTree(); }

ENGINE_API TypeTree *EnzymeNewTypeTreeCT(uint32_t Type, void * /*Context*/) {
  return new TypeTree(static_cast<ConcreteType>(Type));
}

ENGINE_API TypeTree *EnzymeNewTypeTreeTR(const TypeTree *Tree) { return new TypeTree(*Tree); }

ENGINE_API void EnzymeFreeTypeTree(TypeTree *Tree) { delete Tree; }

ENGINE_API bool EnzymeMergeTypeTree(TypeTree *Into, const TypeTree *From) {
  return Into->merge(*From);
}

ENGINE_API void EnzymeTypeTreeOnlyEq(TypeTree *Tree, int64_t Offset) {
  *Tree = Tree->only(static_cast<int>(Offset));
}

ENGINE_API void EnzymeTypeTreeData0Eq(TypeTree *Tree) { *Tree = Tree->data0(); }

ENGINE_API void EnzymeTypeTreeShiftIndiciesEq(TypeTree *Tree, const char *Layout, int64_t Offset,
                                              int64_t MaxSize, uint64_t AddOffset) {
  unsigned PointerSize = llvm::DataLayout(Layout).getPointerSize();
  *Tree = Tree->shifted(Offset, MaxSize, AddOffset, PointerSize);
}

ENGINE_API void EnzymeTypeTreeInsertEq(TypeTree *Tree, const int64_t *Indices, size_t Length,
                                       uint32_t Type, void * /*Context*/) {
  Tree->insert(TypeTree::Path(Indices, Indices + Length), static_cast<ConcreteType>(Type));
}

ENGINE_API const char *EnzymeTypeTreeToString(const TypeTree *Tree) {
  return strdup(Tree->str().c_str());
}

ENGINE_API void EnzymeTypeTreeToStringFree(const char *Text) { free(const_cast<char *>(Text)); }

// rustc reads this one through its address, as a u32.
ENGINE_API const uint32_t EnzymeMaxTypeDepth = MaxTypeDepth;

extern "C" {
ENGINE_EXPORT Option EnzymePrint = {"--enzyme-print", {}};
ENGINE_EXPORT Option EnzymePrintPerf = {"--enzyme-print-perf", {}};
ENGINE_EXPORT Option EnzymePrintActivity = {"--enzyme-print-activity", {}};
ENGINE_EXPORT Option EnzymePrintType = {"--enzyme-print-type", {}};
ENGINE_EXPORT Option EnzymeFunctionToAnalyze = {"--type-analysis-func", {}};
ENGINE_EXPORT Option EnzymeStrictAliasing = {"--enzyme-strict-aliasing", {}};
ENGINE_EXPORT Option EnzymeInline = {"--enzyme-inline", {}};
ENGINE_EXPORT Option RustTypeRules = {"--enzyme-rust-type", {}};
ENGINE_EXPORT Option looseTypeAnalysis = {"--enzyme-loose-types", {}};
}

ENGINE_API void EnzymeSetCLBool(Option *Which, uint8_t Value) { Which->Value = Value ? "1" : "0"; }

ENGINE_API void EnzymeSetCLString(Option *Which, const char *Value) { Which->Value = Value; }

std::vector<std::string> engine::optionArguments() {
  std::vector<std::string> Arguments;
  for (const Option *Opt :
       {&EnzymePrint, &EnzymePrintPerf, &EnzymePrintActivity, &EnzymePrintType,
        &EnzymeFunctionToAnalyze, &EnzymeStrictAliasing, &EnzymeInline, &RustTypeRules,
        &looseTypeAnalysis})
    if (Opt->Value)
      Arguments.push_back(std::string(Opt->Flag) + "=" + *Opt->Value);
  return Arguments;
}

bool engine::outputWanted() {
  for (const Option *Opt : {&EnzymePrint, &EnzymePrintPerf, &EnzymePrintActivity, &EnzymePrintType})
    if (Opt->Value == "1")
      return true;
  return false;
}

ENGINE_API void registerEnzymeAndPassPipeline(llvm::PassBuilder &Builder, bool /*Augment*/) {
  Builder.registerPipelineParsingCallback(
      [](llvm::StringRef Name, llvm::ModulePassManager &Passes,
         llvm::ArrayRef<llvm::PassBuilder::PipelineElement>) {
        if (Name != "enzyme")
          return false;
        Passes.addPass(DifferentiatePass());
        return true;
      });
}
