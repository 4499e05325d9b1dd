#include "passerelle/support/process_wide.h"

namespace passerelle {
namespace {

ProcessWide*& adopted() {
  static ProcessWide own;
  static ProcessWide* current = &own;
  return current;
}

}  // namespace

ProcessWide& process_wide() { return *adopted(); }

void adopt_process_wide(ProcessWide& of_the_program) { adopted() = &of_the_program; }

}  // namespace passerelle
