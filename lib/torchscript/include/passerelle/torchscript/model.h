// A TorchScript archive: loading, tracing and running it. The only door to LibTorch.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "passerelle/graph/host_tensor.h"
#include "passerelle/support/expected.h"
#include "passerelle/torchscript/vocabulary.h"

namespace passerelle::torchscript {

/// What the user said of one flat input; see the SPEC of docs/cli.md for its text form.
struct InputSpec {
  std::string name;                           ///< may be empty: then by position
  std::optional<std::vector<int64_t>> shape;  ///< PyTorch's order; empty vector for rank 0
  std::optional<graph::HostTensor> values;    ///< from a .npy file
  std::optional<graph::ElementType> type;     ///< overrides; float32 where nothing says otherwise
  graph::Quantization quantization;           ///< for quint8 and qint8
  bool channels_last = false;
  std::variant<std::monostate, int64_t, double, bool> number;  ///< a Python number of forward's
};

/// The same specifications with float32 in the place of quantized types, and the numbers that quantized values stand
/// for: for a model that quantizes its inputs itself.
std::vector<InputSpec> with_floats(std::vector<InputSpec> specs);

struct ParameterInfo {
  std::string name;
  std::string type;  ///< TorchScript's: "Tensor", "Tuple[Tensor, Tensor]", "int", ...
};

/// Limits on what a hostile or runaway model may make the tracer do.
struct Budget {
  uint64_t nodes = 2'000'000;           ///< operators run, loop iterations included
  uint64_t bytes = uint64_t{16} << 30;  ///< of tensors alive at once that tracing itself made
  /// Loops of more known iterations than that become a prim::Loop, where they can be one; shorter ones are unrolled.
  int64_t unrolled = 256;
};

/// A traced model, and what the trace alone does not hold: the structure of what forward takes and returns.
struct Program {
  struct Structure;
  Trace trace;
  std::shared_ptr<const Structure> structure;
};

class Model {
 public:
  /// Errors: `unreadable` for a missing file, something that is no TorchScript archive (each known kind named: a
  /// state_dict, ONNX, ...), a damaged one, one of a PyTorch too new or too old.
  static Expected<Model> load(const std::string& path);
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();

  std::vector<ParameterInfo> parameters() const;
  /// Flat example inputs from get_all_bundled_inputs, or from the specifications (values drawn from a fixed seed for
  /// shapes). Errors: `usage`, with the parameter's name and what would fit.
  Expected<std::vector<graph::HostTensor>> example_inputs(const std::vector<InputSpec>& specs) const;

  /// Runs the model once, operator by operator. Errors: `usage` where the inputs do not fit (also where the model
  /// throws on them); what can't be converted is in Trace::diagnostics.
  Expected<Trace> trace(const std::vector<InputSpec>& specs, const Budget& budget = {}) const;

  /// The same for what is to be written again: see split_module.h.
  Expected<Program> program(const std::vector<InputSpec>& specs, const Budget& budget = {}) const;

  /// The model's own outputs, flat, depth first, None left out: LibTorch's interpreter, QNNPACK for quantized kernels.
  Expected<std::vector<graph::HostTensor>> run(const std::vector<InputSpec>& specs,
                                               const std::vector<graph::HostTensor>& inputs) const;

  /// The same, made ready to be done again and again, for benchmarks: each call runs the model once and throws its
  /// outputs away. False where the model throws. The closure must not outlive this.
  Expected<std::function<bool()>> repeated_run(const std::vector<InputSpec>& specs,
                                               const std::vector<graph::HostTensor>& inputs) const;

  /// Which PyTorch saved it, as far as the archive tells: "PyTorch 2.1 or later".
  const std::string& written_by() const;

  /// What a module that convert --fallback has written asks NNAPI for; nothing for any other.
  struct NnapiCalls {
    size_t parts = 0, operations = 0;
    uint64_t weight_bytes = 0;
    bool in_integers = false;  ///< some of it is computed on quantized tensors
  };
  std::optional<NnapiCalls> nnapi_calls() const;

  static std::string libtorch_version();
  /// How many threads an operator of LibTorch's may use, in this process: the host NNAPI's kernels among them.
  static void use_threads(int threads);

 private:
  struct State;
  explicit Model(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace passerelle::torchscript
