#include "sandbox.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace passerelle::cli {
namespace {

// The rights of Landlock's first version that change something. Of later versions cutting a file short is one.
constexpr uint64_t writing_first = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                   LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                                   LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                   LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                                   LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;
constexpr uint64_t cutting = uint64_t{1} << 14;  // LANDLOCK_ACCESS_FS_TRUNCATE, which older headers lack
constexpr long version_with_cutting = 3;

void allow_writing(int rules, const std::string& folder, uint64_t rights) {
  const int descriptor = ::open(folder.c_str(), O_PATH | O_CLOEXEC);
  if (descriptor < 0) return;  // the output's own error will say so
  landlock_path_beneath_attr beneath{};
  beneath.allowed_access = rights;
  beneath.parent_fd = descriptor;
  ::syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
  ::close(descriptor);
}

void restrict_writing(const std::vector<std::string>& folders) {
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, size_t{0}, uint32_t{LANDLOCK_CREATE_RULESET_VERSION});
  if (version < 1) return;
  landlock_ruleset_attr handled{};
  handled.handled_access_fs = writing_first | (version >= version_with_cutting ? cutting : 0);
  const int rules = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, uint32_t{0}));
  if (rules < 0) return;
  for (const std::string& folder : folders) allow_writing(rules, folder, handled.handled_access_fs);
  allow_writing(rules, "/dev", LANDLOCK_ACCESS_FS_WRITE_FILE);  // /dev/null, /dev/stdout, a terminal
  ::syscall(SYS_landlock_restrict_self, rules, uint32_t{0});
  ::close(rules);
}

void restrict_calls() {
  constexpr int refused[] = {
      SCMP_SYS(execve),  SCMP_SYS(execveat),         SCMP_SYS(socket),      SCMP_SYS(socketpair),
      SCMP_SYS(ptrace),  SCMP_SYS(process_vm_readv), SCMP_SYS(mount),       SCMP_SYS(process_vm_writev),
      SCMP_SYS(umount2), SCMP_SYS(chroot),           SCMP_SYS(unshare),     SCMP_SYS(setns),
      SCMP_SYS(bpf),     SCMP_SYS(perf_event_open),  SCMP_SYS(userfaultfd), SCMP_SYS(keyctl),
      SCMP_SYS(add_key), SCMP_SYS(io_uring_setup)};
  const scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_ALLOW);
  if (filter == nullptr) return;
  for (const int call : refused) ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0);
  ::seccomp_load(filter);
  ::seccomp_release(filter);
}

}  // namespace

void give_up_rights(const std::vector<std::string>& written_folders) {
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);  // without it neither is to be had
  restrict_writing(written_folders);
  restrict_calls();
}

}  // namespace passerelle::cli
