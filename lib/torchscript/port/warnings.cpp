#include "warnings.h"

#include <c10/util/Exception.h>
#include <torch/version.h>

namespace passerelle::torchscript::port {
namespace {

class Silence : public c10::WarningHandler {
 public:
#if TORCH_VERSION_MAJOR < 2
  void process(const c10::SourceLocation&, const std::string&, bool) override {}
#else
  void process(const c10::Warning&) override {}
#endif
};

}  // namespace

void silence_warnings() {
  static Silence silence;
#if TORCH_VERSION_MAJOR < 2
  c10::Warning::set_warning_handler(&silence);
#else
  c10::WarningUtils::set_warning_handler(&silence);
#endif
}

}  // namespace passerelle::torchscript::port
