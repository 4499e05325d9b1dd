#include "run.h"

#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "inputs.h"
#include "passerelle/bench/made_up_inputs.h"
#include "passerelle/graph/npy_files.h"
#include "passerelle/verify/blob_runner.h"
#include "passerelle/verify/border.h"

namespace passerelle::runner {
namespace {

using Clock = std::chrono::steady_clock;

uint64_t since(Clock::time_point begin) {
  return static_cast<uint64_t>(std::chrono::nanoseconds(Clock::now() - begin).count());
}

Expected<void> make_folder(const std::string& path) {
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string folder = path.substr(0, end);
    if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST)
      return Error{ErrorKind::unwritable, "cannot make the folder " + folder + ": " + std::strerror(errno)};
    if (end == std::string::npos) return {};
  }
}

Expected<void> write_outputs(const std::vector<Buffer>& buffers, const std::string& folder, Report& report) {
  if (Expected<void> made = make_folder(folder); !made) return made;
  graph::NpyFiles files;
  for (uint32_t i = 0; i < buffers.size(); ++i) {
    report.outputs.push_back(folder + "/output" + std::to_string(i) + ".npy");
    const graph::HostTensor tensor = verify::from_buffer(buffers[i], report.model.output(i));
    if (Expected<void> written = files.add(report.outputs.back(), tensor); !written) return written;
  }
  return files.commit();
}

Expected<void> execute(const Options& options, const std::vector<Buffer>& inputs, Report& report) {
  loader::Error error;
  loader::ExecutionOptions execution_options;
  execution_options.burst = options.burst;
  execution_options.timeout = options.run_timeout;
  const uint64_t devices = report.compilation.info().devices;
  const bool one_device = devices != 0 && (devices & (devices - 1)) == 0;
  execution_options.measure_timing =
      options.bench && one_device && (report.nnapi.features() & PASSERELLE_FEATURE_TIMING) != 0;
  loader::Execution execution = loader::Execution::make(report.compilation, execution_options, error);
  if (!execution) return verify::error_of(error);
  std::vector<Buffer> outputs;
  for (const passerelle_port_info& port : report.model.outputs()) outputs.emplace_back(port.byte_size);
  for (uint32_t i = 0; i < inputs.size(); ++i)
    if (!execution.set_input(i, inputs[i].data(), inputs[i].size(), error)) return verify::error_of(error);
  for (uint32_t i = 0; i < outputs.size(); ++i)
    if (!execution.set_output(i, outputs[i].data(), outputs[i].size(), error)) return verify::error_of(error);
  const bool done =
      options.bench ? measure(execution, options.benching, execution_options.measure_timing != 0, report.bench, error)
                    : execution.run(error);
  if (!done) return verify::error_of(error);
  return options.output_dir.empty() ? Expected<void>() : write_outputs(outputs, options.output_dir, report);
}

Expected<void> open(const Options& options, Report& report) {
  loader::Error error;
  if (!options.file.empty()) {
    const Clock::time_point begin = Clock::now();
    report.model = loader::Model::open(options.file.c_str(), error);
    report.open_time = since(begin);
    if (!report.model) return verify::error_of(error);
  }
  report.nnapi = loader::Nnapi::open(options.nnapi.empty() ? nullptr : options.nnapi.c_str(), error);
  return report.nnapi ? Expected<void>() : verify::error_of(error);
}

Expected<void> compile(const Options& options, Report& report) {
  loader::Error error;
  const Clock::time_point begin = Clock::now();
  report.compilation = loader::Compilation::make(report.model, report.nnapi, options.compile_options(), error);
  report.compile_time = since(begin);
  if (!report.compilation) return verify::error_of(error);
  if (!options.where) return {};
  report.placement = report.compilation.query_devices(report.model, error);
  return report.placement.empty() ? verify::error_of(error) : Expected<void>();
}

}  // namespace

Expected<Report> run(const Options& options) {
  Report report;
  report.file = options.file;
  report.library = options.nnapi.empty() ? "the system's libneuralnetworks.so" : options.nnapi;
  if (Expected<void> opened = open(options, report); !opened) return opened.error();
  if (options.devices) return report;
  std::vector<Buffer> inputs;
  if (!options.inputs.empty() || !options.output_dir.empty()) {
    Expected<std::vector<Buffer>> read = read_inputs(options.file, report.model, options.inputs);
    if (!read) return read.error();
    inputs = *std::move(read);
  } else if (options.bench) {
    inputs = bench::made_up_inputs(report.model);
  }
  if (Expected<void> compiled = compile(options, report); !compiled) return compiled.error();
  if (!options.bench && options.output_dir.empty()) return report;  // --where alone
  if (Expected<void> done = execute(options, inputs, report); !done) return done.error();
  return report;
}

}  // namespace passerelle::runner
