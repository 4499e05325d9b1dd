// Every tensor that exists while tracing: what it depends on, and which tensor of the trace holds its value now.
//
// LibTorch's tensors are views of storages and may be written to; the trace's are values. A storage has a version,
// which a write raises. A tensor whose version is older was written to through another view: when it is read again, its
// view is made again, from the tensor that it is a view of. A write goes up to those as scatters. (PyTorch calls this
// functionalisation.)
#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "trace_builder.h"
#include "view.h"

namespace passerelle::torchscript {

struct TrackedStorage {
  c10::weak_intrusive_ptr<c10::StorageImpl> storage;
  bool belongs_to_model = false;  ///< parameters, buffers, constants: never written to
  uint64_t version = 0;
  graph::Origin last_write;
  std::vector<std::pair<TensorId, at::Tensor>> constants;  ///< of the trace that are views of these bytes
  /// Which a branch may have returned as it was, or not: what is written to one may or may not show in the other.
  std::vector<const c10::StorageImpl*> partners{};
};

struct TrackedTensor {
  c10::weak_intrusive_ptr<at::TensorImpl, c10::UndefinedTensorImpl> tensor;
  std::shared_ptr<TrackedStorage> storage;
  std::shared_ptr<TrackedTensor> parent;  ///< what it is a view of; none for the first tensor of a storage
  at::Tensor parent_tensor;               ///< kept alive, so that its constant value can be read
  View view;
  std::vector<int64_t> shape;
  Dependence dependence = Dependence::constant;
  std::optional<TensorId> id;  ///< constants get theirs when somebody asks for it
  uint64_t version = 0;
  std::optional<graph::Origin> lost_to;  ///< the write after which its value can't be told
};

class TensorTracker {
 public:
  using Current = std::function<graph::Origin()>;  ///< the origin of the operator that runs

  TensorTracker(TraceBuilder& trace, Current current) : trace_(trace), current_(std::move(current)) {}

  /// A tensor of the model, wherever it is met first.
  void add_model_tensor(const at::Tensor& tensor) { find(tensor); }
  void add_input(const at::Tensor& tensor, TensorId id);
  bool knows(const at::Tensor& tensor) const;

  Dependence dependence(const at::Tensor& tensor);
  /// The value that the tensor has now. One that was lost to a write is a diagnostic, then the example's value.
  TensorId id(const at::Tensor& tensor);
  bool belongs_to_model(const at::Tensor& tensor);

  /// A result whose storage nobody knew. Depends on data where `id` is given.
  void add_fresh(const at::Tensor& tensor, Dependence dependence, std::optional<TensorId> id);
  /// A known tensor with the storage of `tensor`, preferably one of `candidates`; nothing where the storage is new.
  bool shares_known_storage(const at::Tensor& tensor) const;
  void add_view(const at::Tensor& tensor, const at::Tensor& parent, View view, Dependence dependence,
                std::optional<TensorId> id);
  /// A tensor on a known storage of which nobody can say what it is a view of.
  void add_stray(const at::Tensor& tensor, Dependence dependence, std::optional<TensorId> id);

  /// The element of a dimension that a select_computed names, for a result of this shape.
  TensorId gather(const View& view, TensorId parent, const std::vector<int64_t>& shape);

  /// What is known of `tensor` is from now on known of `other`, and of `tensor` nothing.
  void rename(const at::Tensor& tensor, const at::Tensor& other);

  /// Before an operator writes to `tensor`: constants that view its bytes get their own.
  void before_write(const at::Tensor& tensor, Dependence dependence_after);
  /// After it: `id` holds the new value, or the value is still known.
  void after_write(const at::Tensor& tensor, Dependence dependence, std::optional<TensorId> id);

  /// All that is known, to go back to: each branch begins where the other began.
  struct State {
    std::unordered_map<const at::TensorImpl*, std::shared_ptr<TrackedTensor>> tensors;
    std::unordered_map<const c10::StorageImpl*, std::shared_ptr<TrackedStorage>> storages;
  };
  State copy() const { return copy(tensors_, storages_); }
  /// From here on the bytes that are written over are kept, until go_back().
  void begin_journal() { journals_.emplace_back(); }
  void go_back(const State& state);
  /// Tensors that `state` knew and that were written to since, those that they are views of in their place.
  std::vector<at::Tensor> written_since(const State& state) const;
  bool is_written(const at::Tensor& tensor) { return find(tensor)->storage->version > 0; }
  bool shares_storage_of(const State& state, const at::Tensor& tensor) const;
  /// Nobody can tell what it holds from here on: reading it is a diagnostic.
  void lose(const at::Tensor& tensor);
  /// They may or may not be the same: after a write to one, nobody can tell what the other holds.
  void link(const at::Tensor& one, const at::Tensor& other);

  /// Bytes of the storages that are alive and not the model's.
  uint64_t living_bytes() const;

 private:
  using Tracked = std::shared_ptr<TrackedTensor>;
  using Tensors = std::unordered_map<const at::TensorImpl*, Tracked>;
  using Storages = std::unordered_map<const c10::StorageImpl*, std::shared_ptr<TrackedStorage>>;
  /// A storage's bytes as they were, beside the storage.
  struct Kept {
    at::Tensor memory, bytes;
  };

  static State copy(const Tensors& tensors, const Storages& storages);
  void keep_bytes(const at::Tensor& tensor);
  void lose_partners(const TrackedStorage& storage);
  Tracked find(const at::Tensor& tensor);
  Tracked add(const at::Tensor& tensor, std::shared_ptr<TrackedStorage> storage);
  std::shared_ptr<TrackedStorage> storage_of(const at::Tensor& tensor) const;
  std::shared_ptr<TrackedStorage> add_storage(const at::Tensor& tensor, bool belongs_to_model);
  void refresh(TrackedTensor& tracked);
  TensorId value_of(TrackedTensor& tracked, const at::Tensor& tensor);
  TensorId put_at_place(const View& view, TensorId parent, const std::vector<int64_t>& parent_shape, TensorId child);
  TensorId emit(Node node, const std::vector<int64_t>& shape, TensorId like);
  void put_back(TrackedTensor& child, const at::Tensor& child_tensor);
  void purge();

  TraceBuilder& trace_;
  Current current_;
  Tensors tensors_;
  Storages storages_;
  std::vector<std::unordered_map<const c10::StorageImpl*, Kept>> journals_;
  size_t purge_at_ = 256;
};

}  // namespace passerelle::torchscript
