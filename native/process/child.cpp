#include "onering/process/child.h"

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace onering::process {

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// Everything the child needs, made before it is forked: behind fork() nothing may allocate, as another thread may
// have held the lock of that.
struct Prepared {
  explicit Prepared(const Command& command)
      : program(command.program), folder(command.folder), log(command.log), input(command.input) {
    words = command.arguments;
    words.insert(words.begin(), program);
    variables = command.environment;
    for (char** each = environ; each && *each; ++each) {
      variables.emplace_back(*each);
    }
    for (std::string& word : words) {
      argv.push_back(word.data());
    }
    for (std::string& variable : variables) {
      envp.push_back(variable.data());
    }
    argv.push_back(nullptr);
    envp.push_back(nullptr);
    if (!command.user.empty()) {
      const passwd* found = ::getpwnam(command.user.c_str());  // NOLINT(concurrency-mt-unsafe): read at once
      if (!found) {
        throw std::system_error(ENOENT, std::generic_category(), "no user " + command.user);
      }
      uid = found->pw_uid;
      gid = found->pw_gid;
    }
  }

  std::string program;
  std::string folder;
  std::string log;
  std::string input;
  std::vector<std::string> words;
  std::vector<std::string> variables;
  std::vector<char*> argv;
  std::vector<char*> envp;
  std::optional<uid_t> uid;
  gid_t gid = 0;
};

struct Pipe {
  int read = -1;
  int write = -1;
};

Pipe makePipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    fail("no pipe");
  }
  return {ends[0], ends[1]};
}

void resetSignals() {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);  // NOLINT(concurrency-mt-unsafe): after fork()
  for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    ::signal(number, SIG_DFL);
  }
}

// What could not be opened leaves what is there.
void putAt(int place, int file) {
  if (file >= 0) {
    ::dup2(file, place);
  }
}

[[noreturn]] void become(const Prepared& prepared, const Command& command, const Pipe& in, const Pipe& out,
                         pid_t parent) {
  constexpr mode_t kForAll = 0644;
  resetSignals();
  const char* input = prepared.input.empty() ? "/dev/null" : prepared.input.c_str();
  putAt(STDIN_FILENO, command.holdOn ? in.read : ::open(input, O_RDONLY | O_CLOEXEC));
  if (!prepared.log.empty()) {
    const int log = ::open(prepared.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kForAll);
    putAt(STDOUT_FILENO, log);
    putAt(STDERR_FILENO, log);
  }
  if (command.listen) {
    putAt(STDOUT_FILENO, out.write);
  }
  bool ready = prepared.folder.empty() || ::chdir(prepared.folder.c_str()) == 0;
  if (prepared.uid) {
    ready = ready && ::setgroups(1, &prepared.gid) == 0 && ::setgid(prepared.gid) == 0 && ::setuid(*prepared.uid) == 0;
  }
  if (command.diesWithUs) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ready = ready && ::getppid() == parent;  // it may have died before the line above
  }
  if (ready) {
    ::execve(prepared.program.c_str(), prepared.argv.data(), prepared.envp.data());
  }
  ::_exit(127);
}

}  // namespace

Child::Child(const Command& command) {
  const Prepared prepared(command);
  const Pipe out = command.listen ? makePipe() : Pipe{};
  const Pipe in = command.holdOn ? makePipe() : Pipe{};
  const pid_t self = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    become(prepared, command, in, out, self);
  }
  const int error = errno;
  for (const int theirs : {out.write, in.read}) {
    if (theirs >= 0) {
      ::close(theirs);
    }
  }
  out_ = out.read;
  in_ = in.write;
  if (pid_ < 0) {
    close();
    errno = error;
    fail("no process");
  }
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      out_(std::exchange(other.out_, -1)),
      in_(std::exchange(other.in_, -1)),
      printed_(std::move(other.printed_)),
      status_(std::exchange(other.status_, std::nullopt)) {}

Child& Child::operator=(Child&& other) noexcept {
  Child fresh(std::move(other));
  std::swap(pid_, fresh.pid_);
  std::swap(out_, fresh.out_);
  std::swap(in_, fresh.in_);
  std::swap(printed_, fresh.printed_);
  std::swap(status_, fresh.status_);
  return *this;
}

Child::~Child() {
  if (pid_ > 0 && !status_) {
    ::kill(pid_, SIGKILL);
    reap(true);
  }
  close();
}

void Child::close() {
  for (int* file : {&out_, &in_}) {
    if (*file >= 0) {
      ::close(std::exchange(*file, -1));
    }
  }
}

// Takes what it has printed; false: nothing came in time, or nothing will.
bool Child::readSome(std::chrono::milliseconds time) {
  if (out_ < 0) {
    return false;
  }
  pollfd waiting{.fd = out_, .events = POLLIN, .revents = 0};
  if (::poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(time.count(), 0))) <= 0) {
    return false;
  }
  std::array<char, 4096> chunk{};
  const ssize_t got = ::read(out_, chunk.data(), chunk.size());
  if (got <= 0) {
    ::close(std::exchange(out_, -1));
    return false;
  }
  printed_.append(chunk.data(), static_cast<std::size_t>(got));
  return true;
}

std::optional<std::string> Child::readLine(std::chrono::milliseconds time) {
  const auto until = Clock::now() + time;
  while (!printed_.contains('\n')) {
    if (!readSome(std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()))) {
      return std::nullopt;
    }
  }
  const auto end = printed_.find('\n');
  std::string line = printed_.substr(0, end);
  printed_.erase(0, end + 1);
  return line;
}

void Child::signal(int number) const {
  if (pid_ > 0 && !status_) {
    ::kill(pid_, number);
  }
}

void Child::reap(bool block) {
  int status = 0;
  pid_t ended = 0;
  do {
    ended = ::waitpid(pid_, &status, block ? 0 : WNOHANG);
  } while (ended < 0 && errno == EINTR);
  if (ended != 0) {  // also when somebody else has waited for it: it is gone
    status_ = ended > 0 ? status : 0;
  }
}

bool Child::isRunning() {
  if (pid_ > 0 && !status_) {
    reap(false);
  }
  return pid_ > 0 && !status_;
}

std::optional<Ended> Child::wait(std::chrono::milliseconds time) {
  constexpr std::chrono::milliseconds kGlance{5};
  const auto until = Clock::now() + time;
  while (isRunning()) {
    if (Clock::now() >= until) {
      return std::nullopt;
    }
    if (!readSome(kGlance) && out_ < 0) {
      ::usleep(std::chrono::microseconds(kGlance).count());
    }
  }
  while (readSome(std::chrono::milliseconds(0))) {
  }
  const int status = status_.value_or(0);
  return Ended{.exitCode = WIFEXITED(status) ? WEXITSTATUS(status) : -1, .out = std::exchange(printed_, {})};
}

Ended run(Command command) {
  command.listen = true;
  Child child(command);
  return child.wait().value_or(Ended{});
}

}  // namespace onering::process
