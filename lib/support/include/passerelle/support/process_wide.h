// What a process has one of, however many of its libraries have this room in them.
#pragma once

#include <mutex>

namespace passerelle {

struct ActivityPage;

struct ProcessWide {
  /// Held while a file has a temporary name that its descriptor does not tell; AtomicFile::remove_unfinished() keeps
  /// it.
  std::mutex naming;
  /// What is being done, in memory that a supervising process sees too; null where nobody wants to know.
  ActivityPage* activities = nullptr;
};

ProcessWide& process_wide();

/// For a library that a program opens, before anything else: it has the program's from here on.
void adopt_process_wide(ProcessWide& of_the_program);

}  // namespace passerelle
