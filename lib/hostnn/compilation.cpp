#include "compilation.h"

namespace passerelle::hostnn {

Status Compilation::check_unfinished() const {
  return finished_ ? bad_state("the compilation is finished and can't be changed") : success();
}

Status Compilation::check_finished() const {
  if (!finished_) return bad_state("the compilation is not finished");
  if (!program_) return bad_state("the compilation failed");
  return success();
}

Status Compilation::set_preference(int32_t preference) {
  PASSERELLE_RETURN_IF_FAILED(check_unfinished());
  if (preference < ANEURALNETWORKS_PREFER_LOW_POWER || preference > ANEURALNETWORKS_PREFER_SUSTAINED_SPEED)
    return bad_data("there is no preference " + std::to_string(preference));
  return success();
}

Status Compilation::set_priority(int priority) {
  PASSERELLE_RETURN_IF_FAILED(check_unfinished());
  if (priority != ANEURALNETWORKS_PRIORITY_LOW && priority != ANEURALNETWORKS_PRIORITY_MEDIUM &&
      priority != ANEURALNETWORKS_PRIORITY_HIGH)
    return bad_data("there is no priority " + std::to_string(priority));
  return success();
}

Status Compilation::set_timeout() const {
  PASSERELLE_RETURN_IF_FAILED(check_unfinished());
  return for_devices_ ? success() : bad_data("timeouts need a compilation made by createForDevices with one device");
}

Status Compilation::set_caching() const { return check_unfinished(); }

Status Compilation::finish() {
  if (finished_) return bad_state("the compilation is finished already");
  finished_ = true;
  std::unique_ptr<Program> program;
  PASSERELLE_RETURN_IF_FAILED(Program::compile(graph_, program));
  program_ = std::move(program);
  return success();
}

}  // namespace passerelle::hostnn
