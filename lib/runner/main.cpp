// passerelle-run: a .nnapi file through NNAPI, on a phone or wherever there is an NNAPI library.
#include <cstdio>
#include <exception>

#include "passerelle/support/interruption.h"
#include "run.h"

namespace {

using passerelle::Error;
using passerelle::ErrorKind;

int complain(const Error& error) {
  std::fprintf(stderr, "passerelle-run: %s\n", error.message.c_str());
  return static_cast<int>(error.kind);
}

int print(const std::string& text) {
  if (std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return 0;
  return complain({ErrorKind::unwritable, "cannot write to standard output"});
}

int run(const std::vector<std::string>& arguments) {
  const auto options = passerelle::runner::parse(arguments);
  if (!options) return complain(options.error());
  if (options->help) return print(passerelle::runner::help());
  if (options->version) return print("passerelle-run " PASSERELLE_VERSION "\n");
  const auto report = passerelle::runner::run(*options);
  if (!report) return complain(report.error());
  return print(options->json ? to_json(*report) : to_text(*report));
}

}  // namespace

int main(int count, char** arguments) {
  passerelle::end_cleanly_on_signals();
  try {
    return run({arguments + 1, arguments + count});
  } catch (const std::exception& exception) {
    return complain({ErrorKind::bug, exception.what()});
  }
}
