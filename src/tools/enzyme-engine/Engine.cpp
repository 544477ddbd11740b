// Calling the Enzyme executable, see Engine.h. It is the `catalyst` compiler driver, which stops after
// its LLVM passes and prints the module when told `--tool=llc -o -`.

#include "Engine.h"
#include "Options.h"
#include "Outline.h"
#include "Process.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

using namespace llvm;
using namespace engine;

static constexpr unsigned DefaultTimeLimitSeconds = 300;
static constexpr size_t LongestQuote = 600;

namespace {

/// A directory that nobody else can read, gone at the end of the scope.
class PrivateDirectory {
public:
  static Expected<PrivateDirectory> create() {
    SmallString<128> Name;
    sys::path::system_temp_directory(/*ErasedOnReboot=*/true, Name);
    sys::path::append(Name, "rustc-enzyme-XXXXXX");
    if (!mkdtemp(const_cast<char *>(Name.c_str())))
      return createStringError("cannot create a temporary directory `" + Name +
                               "`: " + strerror(errno));
    return PrivateDirectory(Name.str());
  }
  PrivateDirectory(PrivateDirectory &&Other) : Name(std::move(Other.Name)) { Other.Name.clear(); }
  ~PrivateDirectory() {
    if (!Name.empty())
      sys::fs::remove_directories(Name);
  }
  const std::string &path() const { return Name; }
  std::string file(StringRef Leaf) const { return Name + "/" + Leaf.str(); }

private:
  explicit PrivateDirectory(StringRef Name) : Name(Name) {}
  std::string Name;
};

} // namespace

Error engine::checkTarget(const Module &M) {
  const Triple &Target = M.getTargetTriple();
  if (Target.getArch() == Triple::x86_64 && Target.isOSLinux() && !Target.isX32())
    return Error::success();
  return createStringError("this Enzyme differentiates for x86_64 Linux only, not for `" +
                           Target.str() + "`");
}

static Expected<std::string> enginePath() {
  const char *Path = getenv("ENZYME_ENGINE");
  if (!Path || !*Path)
    Path = ENGINE_EXECUTABLE;
  if (!*Path)
    return createStringError("no Enzyme executable is configured; set ENZYME_ENGINE to the path of "
                             "`catalyst`");
  return Path;
}

static Expected<unsigned> timeLimit() {
  const char *Text = getenv("ENZYME_ENGINE_TIMEOUT");
  if (!Text || !*Text)
    return DefaultTimeLimitSeconds;
  unsigned Seconds;
  if (!to_integer(StringRef(Text), Seconds, 10) || Seconds == 0)
    return createStringError("ENZYME_ENGINE_TIMEOUT must be a number of seconds, not `" +
                             Twine(Text) + "`");
  return Seconds;
}

static Error writeModule(const Module &M, StringRef Path) {
  std::error_code EC;
  raw_fd_ostream File(Path, EC, sys::fs::OF_Text);
  if (!EC) {
    M.print(File, nullptr);
    File.close();
    EC = File.error();
    // The stream's destructor ends the process over an error that nobody has looked at.
    File.clear_error();
  }
  return EC ? createStringError("cannot write `" + Path + "`: " + EC.message()) : Error::success();
}

static Expected<std::unique_ptr<MemoryBuffer>> readFile(StringRef Path) {
  auto Buffer = MemoryBuffer::getFile(Path);
  if (!Buffer)
    return createStringError("cannot read `" + Path + "`: " + Buffer.getError().message());
  return std::move(*Buffer);
}

/// `error: ...`, also with tool names and places before it. Only words that end in a colon may stand
/// there, so nothing that Enzyme prints on demand (IR, type trees) is taken for an error.
static bool isErrorLine(StringRef Line) {
  while (!Line.empty()) {
    auto [Word, Rest] = Line.split(' ');
    if (!Word.ends_with(":"))
      return false;
    if (Word == "error:")
      return true;
    Line = Rest;
  }
  return false;
}

static StringRef findErrorLine(StringRef Text) {
  while (!Text.empty()) {
    auto [Line, Rest] = Text.split('\n');
    if (isErrorLine(Line))
      return Line;
    Text = Rest;
  }
  return "";
}

/// What to quote out of a failed run's output, which may go on with a dump of the whole module.
static std::string quote(StringRef Text, StringRef Directory) {
  StringRef Line = findErrorLine(Text);
  for (StringRef Sign : {"Assertion `", "LLVM ERROR"}) {
    size_t At = Text.find(Sign);
    if (Line.empty() && At != StringRef::npos)
      Line = Text.substr(At).split('\n').first;
  }
  if (Line.empty())
    Line = Text.ltrim().split('\n').first;
  Line.consume_front("error: ");
  Line.consume_front("<unknown>:0:0: ");
  std::string Quote = Line.substr(0, LongestQuote).str();
  // Some of Enzyme's messages begin with the whole function and its analysis. The reason follows.
  auto [Place, Message] = Line.split("Enzyme: ");
  if (Message.starts_with(";") || Message.starts_with("<") || Message.starts_with("define ")) {
    StringRef Rest = Text.substr(Line.end() - Text.begin()).rtrim();
    StringRef EndOfDump = "</analysis>\n";
    size_t At = Rest.rfind(EndOfDump);
    StringRef Reason = At == StringRef::npos ? Rest.rsplit('\n').second
                                             : Rest.substr(At + EndOfDump.size()).split('\n').first;
    Quote = (Place + "Enzyme: " + Reason.ltrim().substr(0, LongestQuote)).str();
  }
  // The directory is gone by the time anyone reads this.
  for (size_t At; (At = Quote.find(Directory.str() + "/")) != std::string::npos;)
    Quote.erase(At, Directory.size() + 1);
  // Bytes of any other kind would be a bug in rustc's eyes.
  for (char &C : Quote)
    if (!isPrint(C))
      C = '?';
  return Quote.empty() ? "it printed nothing" : Quote;
}

static Error checkOutcome(const Outcome &Run, const Command &C, const PrivateDirectory &Directory,
                          StringRef Stderr) {
  const std::string Name = "the Enzyme executable `" + C.Arguments[0] + "` ";
  if (Run.TimedOut)
    return createStringError(Name + "did not finish within " + Twine(C.TimeLimitSeconds) +
                             " seconds; set ENZYME_ENGINE_TIMEOUT to allow more");
  std::string Quote = quote(Stderr, Directory.path());
  if (Run.Signal)
    return createStringError(Name + "crashed (" + strsignal(Run.Signal) + "): " + Quote);
  // A complaint of Enzyme's needs no introduction, it names itself and the function.
  if (!findErrorLine(Stderr).empty())
    return createStringError(Quote);
  if (Run.ExitCode)
    return createStringError(Name + "failed with exit code " + Twine(Run.ExitCode) + ": " + Quote);
  return Error::success();
}

/// Everything that makes the answer of a wrong program, or of one that did not do its work, an error.
static Error checkAnswer(const Module &Answer, const Module &Question) {
  if (Answer.getDataLayout() != Question.getDataLayout())
    return createStringError("the Enzyme executable compiles for another data layout, `" +
                             Answer.getDataLayoutStr() + "`");
  for (const Function &F : Answer)
    if (isRequest(F))
      return createStringError("the Enzyme executable left a call of `" + F.getName() +
                               "` as it was; is ENZYME_ENGINE a program with Enzyme in it?");
  std::string Complaint;
  raw_string_ostream OS(Complaint);
  if (verifyModule(Answer, &OS))
    return createStringError("the Enzyme executable returned invalid code: " +
                             StringRef(Complaint).split('\n').first);
  return Error::success();
}

static Expected<std::unique_ptr<Module>> parseAnswer(std::unique_ptr<MemoryBuffer> Text,
                                                     LLVMContext &Context) {
  // The parser refuses to work in a context like rustc's, where values have no names.
  bool Discard = Context.shouldDiscardValueNames();
  Context.setDiscardValueNames(false);
  scope_exit Restore([&] { Context.setDiscardValueNames(Discard); });
  SMDiagnostic Complaint;
  std::unique_ptr<Module> Answer = parseAssembly(*Text, Complaint, Context);
  if (!Answer)
    return createStringError("the Enzyme executable returned something that is not LLVM IR (line " +
                             Twine(Complaint.getLineNo()) + ": " + Complaint.getMessage() +
                             "); is ENZYME_ENGINE a program with Enzyme in it?");
  return Answer;
}

Expected<std::unique_ptr<Module>> engine::differentiate(const Module &M) {
  Expected<std::string> Executable = enginePath();
  if (!Executable)
    return Executable.takeError();
  Expected<unsigned> TimeLimit = timeLimit();
  if (!TimeLimit)
    return TimeLimit.takeError();
  Expected<PrivateDirectory> Directory = PrivateDirectory::create();
  if (!Directory)
    return Directory.takeError();

  std::string Input = Directory->file("in.ll");
  if (Error E = writeModule(M, Input))
    return E;
  // The checkpoint skips an optimisation pipeline before Enzyme; rustc has run its own.
  Command C{{*Executable, Input, "--tool=llc", "-o", "-", "--workspace=" + Directory->path(),
             "--checkpoint-stage=O2Opt",
             // Rust has no fast-math: an infinite or NaN adjoint is a number like any other, not poison.
             "--enzyme-fast-math=0",
             // Two optimisations that take memory for unchanged which is not: of a local array that is
             // filled anew in each round of a loop, and of one that is read in two loops.
             "--enzyme-rematerialize=0", "--enzyme-loop-invariant-cache=0",
             // What LLVM finds out about where pointers go stops at what Enzyme hands on to a reverse, which
             // is a structure: it would take what they lead to for untouched. AutodiffPointers.cpp of
             // rustc_llvm sees to it afterwards.
             "--capture-tracking-max-uses-to-explore=0",
             // GVN looks for loads of the same group as one, and Enzyme gives each cache a group. Where the
             // cache is null, on a way that nothing takes, LLVM fails: null has no list of its users.
             "--enable-gvn-memdep=0"},
            Directory->file("out.ll"),
            Directory->file("err.txt"),
            *TimeLimit};
  for (std::string &Argument : optionArguments())
    C.Arguments.push_back(std::move(Argument));

  Expected<Outcome> Run = runCommand(C);
  if (!Run)
    return createStringError(toString(Run.takeError()) +
                             "; set ENZYME_ENGINE to the path of `catalyst`");
  auto Stderr = readFile(C.StderrPath);
  if (!Stderr)
    return Stderr.takeError();
  if (Error E = checkOutcome(*Run, C, *Directory, (*Stderr)->getBuffer()))
    return E;
  // Unasked, Enzyme prints thoughts about its work that mean nothing to the user of a compiler.
  if (outputWanted())
    errs() << (*Stderr)->getBuffer();

  auto Stdout = readFile(C.StdoutPath);
  if (!Stdout)
    return Stdout.takeError();
  if ((*Stdout)->getBuffer().trim().empty())
    return createStringError("the Enzyme executable `" + *Executable +
                             "` returned nothing; is ENZYME_ENGINE a program with Enzyme in it?");
  auto Answer = parseAnswer(std::move(*Stdout), M.getContext());
  if (Answer)
    if (Error E = checkAnswer(**Answer, M))
      return E;
  return Answer;
}
