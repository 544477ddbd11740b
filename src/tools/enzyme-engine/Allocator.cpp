// Rust's allocator, see Allocator.h.

#include "Allocator.h"

#include "llvm/IR/DerivedTypes.h"

using namespace llvm;
using namespace engine;

static constexpr StringRef PlainNames[] = {"__rust_alloc", "__rust_alloc_zeroed", "__rust_dealloc",
                                           "__rust_realloc"};

/// What v0 mangling makes of \p Plain, after the crate's hash.
static std::string mangledTail(StringRef Plain) {
  return "7___rustc" + std::to_string(Plain.size()) + "_" + Plain.str();
}

static FunctionType *signature(StringRef Plain, LLVMContext &Context) {
  Type *Ptr = PointerType::getUnqual(Context);
  Type *Size = Type::getInt64Ty(Context);
  if (Plain == "__rust_dealloc")
    return FunctionType::get(Type::getVoidTy(Context), {Ptr, Size, Size}, false);
  if (Plain == "__rust_realloc")
    return FunctionType::get(Ptr, {Ptr, Size, Size, Size}, false);
  return FunctionType::get(Ptr, {Size, Size}, false);
}

Allocator::Allocator(Module &M) : M(M) {
  for (Function &F : M)
    for (StringRef Plain : PlainNames)
      if (F.getName() == Plain ||
          (F.getName().starts_with("_RNv") && F.getName().ends_with(mangledTail(Plain)))) {
        EntryPoints[Plain] = &F;
        Intact &= F.getFunctionType() == signature(Plain, M.getContext());
        Defined |= !F.isDeclaration();
      }
  // Once every use of it has been inlined, an entry point of a defined allocator is gone. What Enzyme has
  // allocated could not be freed, so let it look into the functions that are left instead.
  if (Defined && !EntryPoints.contains("__rust_dealloc"))
    Intact = false;
}

StringRef Allocator::plainName(const Function &F) const {
  if (Intact)
    for (const auto &[Plain, EntryPoint] : EntryPoints)
      if (EntryPoint == &F)
        return Plain;
  return "";
}

Expected<Function *> Allocator::resolve(StringRef Plain) const {
  if (Function *Known = EntryPoints.lookup(Plain))
    return Known;
  if (!is_contained(PlainNames, Plain))
    return nullptr;
  if (Defined || EntryPoints.empty())
    return createStringError("the derivative needs `" + Plain +
                             "`, which this program's allocator has lost to optimisation");
  // The crate's hash is the same for all of them.
  auto &Sibling = *EntryPoints.begin();
  StringRef Prefix = Sibling.second->getName();
  bool Mangled = Prefix.consume_back(mangledTail(Sibling.first()));
  std::string Name = Mangled ? Prefix.str() + mangledTail(Plain) : Plain.str();
  return cast<Function>(M.getOrInsertFunction(Name, signature(Plain, M.getContext())).getCallee());
}
