// A file that lies in a folder of the application's while a driver has the process in its hands, and stays there when
// the driver takes it down.
//
// The file is locked (flock) by the process that made it, and the system gives up the locks of a process that ends,
// however it ends: a file whose lock can be had was left by a dead process. It has a line for each device that was at
// work, with the version of its driver: an updated driver is no longer meant.
#pragma once

#include <string>
#include <vector>

#include "library.h"

namespace passerelle::loader {

/// The line that stands for a device, or for a library where NNAPI chooses.
std::string mark_of(const Device& device);
std::string mark_of(const Library& library);

/// The lines that dead processes left.
passerelle_status find_crash_marks(const std::string& directory, std::vector<std::string>& lines,
                                   passerelle_error* error);

/// The file's presence, from enter() until destroyed.
class CrashMark {
 public:
  CrashMark() = default;
  CrashMark(const CrashMark&) = delete;
  CrashMark& operator=(const CrashMark&) = delete;
  ~CrashMark();

  /// One line for each device, or for the library where `devices` is empty. Does nothing where `directory` is empty.
  passerelle_status enter(const std::string& directory, const Library& library,
                          const std::vector<const Device*>& devices, passerelle_error* error);

 private:
  std::string path_;
  int descriptor_ = -1;
};

}  // namespace passerelle::loader
