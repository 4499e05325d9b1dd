// What is in a .nnapi file: the data, and the forms in which it is told.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "passerelle/blob/view.h"
#include "passerelle/graph/diagnostic.h"
#include "passerelle/graph/shape.h"
#include "passerelle/report/picture.h"

namespace passerelle::report {

struct FileOperand {
  nnapi::OperandType type{};
  graph::Shape shape;
  blob::Storage storage{};
  uint64_t bytes = 0;
  float scale = 0;
  int32_t zero_point = 0;
  std::vector<float> channel_scales;
  uint32_t channel_dimension = 0;
  uint32_t window = 0;  ///< storage window: which, and
  uint64_t offset = 0;  ///< bytes from its begin

  bool is_constant() const { return storage == blob::Storage::value || storage == blob::Storage::window; }
};

struct FilePort {
  std::string name;
  uint32_t operand = 0;
  blob::Dtype dtype;
  graph::Shape shape;  ///< in PyTorch's order
  float scale = 0;
  int32_t zero_point = 0;
  blob::Layout caller_layout, nnapi_layout;
};

struct FileOperation {
  nnapi::OperationType type{};
  std::string name;
  nnapi::FeatureLevel level = 0;  ///< from which it is legal with its operands; 0 for never
  std::string level_reason;       ///< what makes it need more than the operation itself; may be empty
  std::vector<uint32_t> inputs, outputs;
  graph::Origin origin;        ///< empty op: the file does not say
  uint64_t multiply_adds = 0;  ///< convolutions, matrix products, recurrent networks; else 0
  uint64_t bytes_read = 0, bytes_written = 0;
  std::optional<uint32_t> inside{};  ///< the IF or WHILE that it is a part of
  std::string part;                  ///< which: "then", "else", "condition", "body"
  std::string overhead;  ///< why it is there, of one that moves or converts data and computes nothing; else empty
};

struct OperationCount {
  std::string name;
  size_t count = 0;
  nnapi::FeatureLevel level = 0;  ///< the highest that one of them needs
  uint64_t multiply_adds = 0;     ///< of all of them
};

struct FileReport {
  std::string file;
  uint64_t bytes = 0, weight_bytes = 0;  ///< of the file; of all distinct constants with what aligns them
  uint32_t version_major = 0, version_minor = 0;
  std::string producer;
  nnapi::FeatureLevel level = 0;
  bool relax_fp16 = false, has_origins = false;
  std::vector<FilePort> inputs, outputs;
  std::vector<FileOperation> operations;  ///< the model's own, then those of branches and loops
  size_t own_operations = 0;
  std::vector<FileOperand> operands;  ///< the model's own, then those of branches and loops
  std::vector<blob::Window> windows;
  std::vector<OperationCount> counts;  ///< most frequent first, then by name
  uint64_t multiply_adds = 0, bytes_moved = 0;
  uint64_t peak_bytes =
      0;  ///< the most that computed tensors take at once, if each lives from its maker to its last reader
  uint32_t peak_operation = 0;                 ///< while this one runs
  std::vector<std::vector<uint32_t>> islands;  ///< groups of operations in floats between quantized ones
  Picture picture;

  size_t count(nnapi::OperationType type) const;
  /// Constants from the largest on; equal ones are stored once, and are here as often as they are operands.
  std::vector<uint32_t> constants_by_size() const;
  /// All operations as they are told: those of a branch or loop behind their IF or WHILE, with how deep they are.
  std::vector<std::pair<uint32_t, uint32_t>> nested_order() const;
  /// The operations that need the level that the file needs; none where it is the lowest of all.
  std::vector<uint32_t> level_needs() const;
};
FileReport file_report(const std::string& name, const blob::View& view);

/// Size, level, inputs and outputs, and how many operations of each kind.
std::string file_summary(const FileReport& report);
/// The summary, and where bytes and work are; `full` adds each operation, operand and constant.
std::string file_text(const FileReport& report, bool full);
/// Everything; docs/json.md describes the keys.
nlohmann::ordered_json file_json(const FileReport& report);
std::string file_html(const FileReport& report);

}  // namespace passerelle::report
