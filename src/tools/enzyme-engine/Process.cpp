// Running a program, see Process.h. vfork and exec by hand and not posix_spawn, because the child is to die
// with the compiler (PR_SET_PDEATHSIG) although it does not get the terminal's Ctrl-C.

#include "Process.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace llvm;
using namespace engine;

static Error systemError(const Twine &What, int Number) {
  return createStringError(What + ": " + strerror(Number));
}

namespace {

class FileDescriptor {
public:
  explicit FileDescriptor(int Number) : Number(Number) {}
  FileDescriptor(const FileDescriptor &) = delete;
  FileDescriptor &operator=(const FileDescriptor &) = delete;
  ~FileDescriptor() { reset(); }
  void reset() {
    if (Number >= 0)
      close(Number);
    Number = -1;
  }
  operator int() const { return Number; }

private:
  int Number;
};

} // namespace

/// Runs in the child, which has the memory of its parent: nothing here may write to it but to the stack.
[[noreturn]] static void becomeProgram(char *const Arguments[], int In, int Out, int Err,
                                       int Report) {
  // A group of its own, so that a time-out ends whatever the program itself has started too. The parent goes
  // on after exec only, hence not before there is one.
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  rlimit NoCoreDump = {0, 0};
  setrlimit(RLIMIT_CORE, &NoCoreDump);
  // Rust ignores SIGPIPE, and an ignored signal stays ignored across exec.
  signal(SIGPIPE, SIG_DFL);
  sigset_t None;
  sigemptyset(&None);
  sigprocmask(SIG_SETMASK, &None, nullptr);
  if (dup2(In, 0) >= 0 && dup2(Out, 1) >= 0 && dup2(Err, 2) >= 0)
    execv(Arguments[0], Arguments);
  int Reason = errno;
  (void)!write(Report, &Reason, sizeof Reason);
  _exit(127);
}

/// Blocks until the program has ended or its time is up.
static Expected<Outcome> waitFor(pid_t Child, unsigned TimeLimitSeconds) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point Deadline = Clock::now() + std::chrono::seconds(TimeLimitSeconds);
  Outcome Result;
  int Status = 0;
  for (;;) {
    pid_t Ended = waitpid(Child, &Status, WNOHANG);
    if (Ended == Child)
      break;
    if (Ended < 0 && errno != EINTR)
      return systemError("cannot learn how the program ended", errno);
    if (Clock::now() >= Deadline) {
      Result.TimedOut = true;
      kill(-Child, SIGKILL);
      while (waitpid(Child, &Status, 0) < 0 && errno == EINTR) {
      }
      break;
    }
    usleep(2000);
  }
  if (WIFSIGNALED(Status))
    Result.Signal = WTERMSIG(Status);
  else
    Result.ExitCode = WEXITSTATUS(Status);
  return Result;
}

Expected<Outcome> engine::runCommand(const Command &C) {
  FileDescriptor In(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (In < 0)
    return systemError("cannot open `/dev/null`", errno);
  FileDescriptor Out(open(C.StdoutPath.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (Out < 0)
    return systemError("cannot create `" + C.StdoutPath + "`", errno);
  FileDescriptor Err(open(C.StderrPath.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (Err < 0)
    return systemError("cannot create `" + C.StderrPath + "`", errno);
  // Carries the reason if exec fails; closed without a word by an exec that succeeds.
  int Pipe[2];
  if (pipe2(Pipe, O_CLOEXEC) != 0)
    return systemError("cannot create a pipe", errno);
  FileDescriptor ReportRead(Pipe[0]), ReportWrite(Pipe[1]);

  std::vector<char *> Arguments;
  for (const std::string &Argument : C.Arguments)
    Arguments.push_back(const_cast<char *>(Argument.c_str()));
  Arguments.push_back(nullptr);

  // Not fork: to copy the page tables of a compiler takes as long as a small derivative.
  pid_t Child = vfork();
  if (Child < 0)
    return systemError("cannot start `" + C.Arguments[0] + "`", errno);
  if (Child == 0)
    becomeProgram(Arguments.data(), In, Out, Err, ReportWrite);

  ReportWrite.reset();
  int Reason = 0;
  ssize_t Got;
  while ((Got = read(ReportRead, &Reason, sizeof Reason)) < 0 && errno == EINTR) {
  }
  Expected<Outcome> Result = waitFor(Child, C.TimeLimitSeconds);
  if (Got > 0) {
    consumeError(Result.takeError());
    return systemError("cannot start `" + C.Arguments[0] + "`", Reason);
  }
  return Result;
}
