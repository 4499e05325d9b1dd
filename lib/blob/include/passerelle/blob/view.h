// A .nnapi file's head, found sound: what the file holds, without copies.
//
// Nothing here allocates but the one error message. A View points into the head's bytes, which somebody else keeps
// (blob::File does) and nobody may change: they were checked once, and are believed from then on.
#pragma once

#include <cstddef>
#include <cstdint>

#include "passerelle/nnapi/operand_type.h"
#include "passerelle/nnapi/operation_type.h"
#include "passerelle/support/expected.h"
#include "passerelle/support/span.h"

namespace passerelle::format {  // the generated accessors of schemas/model.fbs
struct Model;
struct Port;
struct Subgraph;
}  // namespace passerelle::format

namespace passerelle::blob {

inline constexpr uint32_t window_alignment = 16384;    ///< of a window in the file: Android's larger page
inline constexpr uint32_t constant_alignment = 64;     ///< of a constant in its window
inline constexpr uint32_t largest_inline_value = 128;  ///< bytes of a constant that lies in the head
inline constexpr uint32_t highest_rank = 8;

/// Why a file was refused, as a program wants to tell it apart.
enum class Failure : uint8_t {
  none,
  system,       ///< the operating system: no such file, no permission, an input/output error
  not_a_model,  ///< something else than a .nnapi file
  newer,        ///< a format version that this reader doesn't know
  damaged,      ///< truncated, altered, or made to mislead
};

/// PyTorch's dtypes, in the order of graph::ElementType.
enum class Dtype : uint8_t {
  float32,
  float64,
  float16,
  bfloat16,
  int8,
  uint8,
  int16,
  int32,
  int64,
  bool8,
  quint8,
  qint8,
  qint32
};
const char* name(Dtype dtype);  ///< "float32", "bool", "quint8", ...
bool is_quantized(Dtype dtype);
size_t byte_size(Dtype dtype);  ///< of one element

enum class Layout : uint8_t { as_pytorch, channels_last };

/// Where an operand's value is.
enum class Storage : uint8_t {
  computed,  ///< a model input, or made by an operation
  scalar,    ///< in the head
  value,     ///< a small constant, in the head
  window,    ///< a constant in a window of weights
  omitted,   ///< an optional tensor that is not given
  subgraph,  ///< a MODEL: another graph of the file
};

struct Operand {
  nnapi::OperandType type;
  Storage storage;
  Span<const uint32_t> dimensions;  ///< empty for scalars and omitted tensors
  uint64_t byte_size;               ///< 0 for omitted tensors
  float scale;
  int32_t zero_point;
  Span<const float> channel_scales;  ///< TENSOR_QUANT8_SYMM_PER_CHANNEL
  uint32_t channel_dimension;
  const void* value;  ///< storage scalar and value: byte_size bytes, on 4
  uint32_t window;    ///< storage window: which
  uint64_t offset;    ///< storage window: bytes from the window's begin
  uint32_t subgraph;  ///< storage subgraph: which
};

/// Indexes of operands.
class Indexes {
 public:
  Indexes(const uint16_t* narrow, const uint32_t* wide, uint32_t size) : narrow_(narrow), wide_(wide), size_(size) {}
  uint32_t size() const { return size_; }
  uint32_t operator[](uint32_t i) const { return narrow_ ? narrow_[i] : wide_[i]; }

 private:
  const uint16_t* narrow_;
  const uint32_t* wide_;
  uint32_t size_;
};

struct Operation {
  nnapi::OperationType type;
  const char* name;  ///< NNAPI's, without its prefix: "CONV_2D"
  Indexes inputs;
  Indexes outputs;
};

/// An input or output of the model; see schemas/model.fbs for what holds between the members.
struct Port {
  const char* name;
  uint32_t operand;
  Dtype dtype;
  Span<const uint32_t> shape;  ///< in PyTorch's order
  float scale;                 ///< of a quantized dtype; else 0
  int32_t zero_point;
  Layout caller_layout;
  Layout nnapi_layout;
};

/// Where an operation came from. Empty strings and 0 where the file says nothing.
struct Origin {
  const char* module_path = "";
  const char* op = "";
  const char* user_file = "";  ///< the innermost frame outside of PyTorch's own files
  uint32_t user_line = 0;
  const char* innermost_file = "";
  uint32_t innermost_line = 0;
};

struct Window {
  uint64_t offset;  ///< from the file's begin
  uint32_t size;
  uint64_t digest;  ///< XXH64 of the bytes
};

/// One graph of a file: the model itself, or what an IF or WHILE of another refers to.
class SubgraphView {
 public:
  SubgraphView(const format::Model* model, const format::Subgraph* graph) : model_(model), graph_(graph) {}
  uint32_t operand_count() const;
  Operand operand(uint32_t index) const;
  uint32_t operation_count() const;
  Operation operation(uint32_t index) const;
  /// Formal inputs and outputs: operands.
  uint32_t input_count() const;
  uint32_t input(uint32_t index) const;
  uint32_t output_count() const;
  uint32_t output(uint32_t index) const;
  bool has_origins() const;
  Origin origin(uint32_t operation) const;

 private:
  const format::Model* model_;
  const format::Subgraph* graph_;
};

class View {
 public:
  /// `head` is the file's head with its size prefix, on 8 bytes; `file_size` the size of the whole file. Everything
  /// that schemas/model.fbs marks as a RULE is checked, in time linear in the head's size; the head's digest is not
  /// (see blob::File). An Error of kind `unreadable` gives the reason alone, without the file's name.
  static Expected<View> parse(Span<const unsigned char> head, uint64_t file_size, Failure* failure = nullptr);

  uint32_t version_major() const;
  uint32_t version_minor() const;
  const char* producer() const;
  uint64_t file_size() const;
  nnapi::FeatureLevel feature_level() const;
  bool relax_fp16() const;
  uint32_t number_count() const;
  const char* number(uint32_t index) const;  ///< "times=int=3": a Python number that the model was called with

  uint32_t window_count() const;
  Window window(uint32_t index) const;
  /// The model's own graph is the first; one refers to later ones alone.
  uint32_t subgraph_count() const;
  SubgraphView subgraph(uint32_t index) const;
  bool has_control_flow() const { return subgraph_count() > 1; }

  // --- Of the model's own graph.
  uint32_t operand_count() const { return main().operand_count(); }
  Operand operand(uint32_t index) const { return main().operand(index); }
  uint32_t operation_count() const { return main().operation_count(); }
  Operation operation(uint32_t index) const { return main().operation(index); }
  uint32_t input_count() const;
  Port input(uint32_t index) const;
  uint32_t output_count() const;
  Port output(uint32_t index) const;
  bool has_origins() const { return main().has_origins(); }
  Origin origin(uint32_t operation) const { return main().origin(operation); }

 private:
  SubgraphView main() const { return subgraph(0); }
  explicit View(const format::Model* model);

  const format::Model* model_;
  const format::Subgraph* main_;
};

/// Bytes that the head takes with its size prefix, as its first bytes tell (`size` of them are there); or the reason
/// why they are no head. 12 bytes are enough.
Expected<uint64_t> head_size(const unsigned char* begin, uint64_t size, Failure* failure = nullptr);

}  // namespace passerelle::blob
