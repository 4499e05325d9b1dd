#include "fallback.h"

#include <spdlog/spdlog.h>

#include <filesystem>

#include "passerelle/report/findings.h"
#include "passerelle/report/words.h"
#include "passerelle/stock/model.h"
#include "passerelle/torchscript/split_module.h"

namespace passerelle::cli {
namespace {

using converter::Split;
using torchscript::CarriedTensor;

Error without_effect(const std::string& option) {
  return {ErrorKind::usage, option + " has no effect without --fallback cpu"};
}

CarriedTensor carried(const graph::Shape& shape, const graph::Port& port, trace::TensorId tensor,
                      graph::ElementType type) {
  return {tensor, type, shape, port.nnapi_layout != port.caller_layout};
}

torchscript::NnapiPart nnapi_part(const converter::SplitPart& part, const partition::Part& cut) {
  torchscript::NnapiPart result;
  const graph::Graph& main = part.module.main();
  const graph::Ports& ports = part.module.ports;
  for (size_t i = 0; i < cut.inputs.size(); ++i)
    result.inputs.push_back(carried(main.shape(main.inputs[i]), ports.inputs[i], cut.inputs[i], part.inputs[i]));
  for (size_t i = 0; i < cut.outputs.size(); ++i)
    result.outputs.push_back(carried(main.shape(main.outputs[i]), ports.outputs[i], cut.outputs[i], part.outputs[i]));
  stock::Model model = stock::serialise(part.module);
  result.words = std::move(model.words);
  result.buffers = std::move(model.buffers);
  result.relax_fp16 = part.module.relax_fp16;
  return result;
}

bool is_for_mobile(const std::string& path) { return std::filesystem::path(path).extension() == ".ptl"; }

Expected<void> write(const Cut& cut, const std::string& output) {
  torchscript::SplitModule module{cut.program, {}, {}};
  for (size_t i = 0; i < cut.split.parts.size(); ++i)
    module.parts.push_back(nnapi_part(cut.split.parts[i], cut.split.cut.parts[i]));
  module.steps.assign(cut.split.cut.steps.begin(), cut.split.cut.steps.end());
  return torchscript::write_split_module(module, {is_for_mobile(output), {}}, output);
}

Outcome refused(Outcome outcome, const std::string& why, const std::string& findings) {
  outcome.status = static_cast<int>(ErrorKind::unsupported);
  outcome.complaint = "passerelle: " + why + "\n\n" + findings;
  return outcome;
}

}  // namespace

void add_fallback_options(CLI::App& app, FallbackOptions& options) {
  app.add_option("--fallback", options.fallback,
                 "cpu: what NNAPI can't have stays with LibTorch, and the output is a TorchScript module (OUT.pt, or "
                 "OUT.ptl for the lite interpreter) that calls PyTorch's own NNAPI class for the rest")
      ->type_name("cpu");
  app.add_option("--partition-cost", options.costs,
                 "What the cut is weighed with: npu (the default) or gpu, or NAME=NANOSECONDS for one cost, as "
                 "docs/fallback.md lists them")
      ->type_name("COST")
      ->allow_extra_args(false);
}

Expected<void> check_fallback(const ConvertOptions& conversion, const FallbackOptions& options) {
  if (options.fallback.empty()) {
    if (!options.costs.empty()) return without_effect("--partition-cost");
    if (options.allow_all_cpu) return without_effect("--allow-all-cpu");
    return {};
  }
  if (options.fallback != "cpu") return Error{ErrorKind::usage, "--fallback " + options.fallback + ": there is cpu"};
  if (conversion.output_quantized || !conversion.output_layouts.empty())
    return Error{ErrorKind::usage,
                 "--fallback cpu gives a module that takes and returns what the model does: --output-quantized and "
                 "--output-layout have no part in it"};
  return {};
}

Expected<Cut> cut(const Prepared& prepared, const FallbackOptions& options) {
  converter::SplitOptions splitting;
  splitting.target = prepared.conversion.target;
  splitting.relax_fp16 = prepared.conversion.relax_fp16;
  for (const std::string& cost : options.costs)
    if (Expected<void> set = partition::set(splitting.costs, cost); !set) return set.error();
  for (const torchscript::InputSpec& spec : prepared.conversion.inputs)
    if (spec.channels_last)
      return Error{ErrorKind::usage,
                   "--fallback cpu gives a module that takes what the model does: :nhwc has no part "
                   "in it"};
  Expected<torchscript::Program> program = prepared.model.program(prepared.conversion.inputs);
  if (!program) return program.error();
  Expected<Split> split = converter::split(program->trace, splitting);
  if (!split) return split.error();
  return Cut{*std::move(program), *std::move(split)};
}

report::SplitReport split_report(const Cut& cut) {
  std::vector<size_t> operations;
  for (const converter::SplitPart& part : cut.split.parts) operations.push_back(part.module.main().operations.size());
  return report::split_report({cut.program.trace, cut.split.cut, operations, cut.split.blockers, cut.split.refused});
}

Expected<Outcome> convert_with_fallback(const ConvertOptions& conversion, const FallbackOptions& options,
                                        const std::string& output) {
  Expected<Prepared> prepared = prepare(conversion);
  if (!prepared) return prepared.error();
  Expected<Cut> done = cut(*prepared, options);
  if (!done) return done.error();
  const Split& split = done->split;
  const auto obstacles = report::findings_of(done->program.trace, split.obstacles);
  Outcome outcome;
  outcome.json = {{"model", conversion.model},
                  {"written_by", prepared->model.written_by()},
                  {"libtorch", torchscript::Model::libtorch_version()},
                  {"converts", split.obstacles.empty()},
                  {"target_feature_level", prepared->conversion.target.feature_level},
                  {"operators", done->program.trace.nodes.size()},
                  {"diagnostics", report::findings_json(obstacles)}};
  if (!split.obstacles.empty())
    return refused(std::move(outcome),
                   conversion.model + " can't be cut: what runs depends on the values of its inputs.",
                   report::findings_text(obstacles));
  const report::SplitReport report = split_report(*done);
  outcome.json["fallback"] = report::split_json(report);
  if (split.parts.empty() && !options.allow_all_cpu)
    return refused(std::move(outcome),
                   "nothing of " + conversion.model +
                       " is worth a call of NNAPI, so all of it would stay with LibTorch: use the model as it is, or "
                       "give --allow-all-cpu, or other costs with --partition-cost",
                   report::split_text(report));
  spdlog::debug("writing {}", output);
  if (Expected<void> written = write(*done, output); !written) return written.error();
  std::error_code error;
  const auto size = static_cast<uint64_t>(std::filesystem::file_size(output, error));
  outcome.json["output"] = {{"file", output}, {"bytes", size}};
  outcome.text = conversion.model + ", " + report::count(report.operators, "operator") + ", is now\n" + output +
                 ", a TorchScript module of " + report::bytes(size) + "\n\n" + report::split_text(report);
  return outcome;
}

}  // namespace passerelle::cli
