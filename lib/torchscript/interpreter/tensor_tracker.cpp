#include "tensor_tracker.h"

#include "passerelle/support/check.h"
#include "running/tensor_conversion.h"

namespace passerelle::torchscript {
namespace {

// Sparse and other opaque tensors have no storage; they are tracked as values of their own.
const c10::StorageImpl* storage_key(const at::Tensor& tensor) {
  return tensor.has_storage() ? tensor.storage().unsafeGetStorageImpl() : nullptr;
}

}  // namespace

std::shared_ptr<TrackedStorage> TensorTracker::storage_of(const at::Tensor& tensor) const {
  const auto found = storages_.find(storage_key(tensor));
  return found == storages_.end() ? nullptr : found->second;
}

std::shared_ptr<TrackedStorage> TensorTracker::add_storage(const at::Tensor& tensor, bool belongs_to_model) {
  const c10::StorageImpl* key = storage_key(tensor);
  c10::intrusive_ptr<c10::StorageImpl> owner;
  if (key != nullptr)
    owner =
        c10::intrusive_ptr<c10::StorageImpl>::unsafe_reclaim_from_nonowning(tensor.storage().unsafeGetStorageImpl());
  auto storage = std::make_shared<TrackedStorage>(
      TrackedStorage{c10::weak_intrusive_ptr<c10::StorageImpl>(owner), belongs_to_model, 0, {}, {}});
  if (key != nullptr) storages_[key] = storage;
  return storage;
}

TensorTracker::Tracked TensorTracker::add(const at::Tensor& tensor, std::shared_ptr<TrackedStorage> storage) {
  if (tensors_.size() >= purge_at_) purge();
  auto tracked = std::make_shared<TrackedTensor>(
      TrackedTensor{c10::weak_intrusive_ptr<at::TensorImpl, c10::UndefinedTensorImpl>(tensor.getIntrusivePtr()),
                    std::move(storage),
                    nullptr,
                    {},
                    {},
                    tensor.sizes().vec(),
                    Dependence::constant,
                    std::nullopt,
                    0,
                    std::nullopt});
  tracked->version = tracked->storage->version;
  tensors_[tensor.unsafeGetTensorImpl()] = tracked;
  return tracked;
}

// The weak pointers keep addresses from being used again, so a stale entry is never taken for another tensor; it only
// takes room, and keeps what it is a view of alive.
void TensorTracker::purge() {
  for (auto entry = tensors_.begin(); entry != tensors_.end();)
    entry = entry->second->tensor.expired() ? tensors_.erase(entry) : std::next(entry);
  for (auto entry = storages_.begin(); entry != storages_.end();)
    entry = entry->second->storage.expired() ? storages_.erase(entry) : std::next(entry);
  purge_at_ = tensors_.size() + 64 + tensors_.size() / 8;  // in proportion, or many living tensors make it quadratic
}

TensorTracker::Tracked TensorTracker::find(const at::Tensor& tensor) {
  const auto found = tensors_.find(tensor.unsafeGetTensorImpl());
  if (found != tensors_.end()) return found->second;
  std::shared_ptr<TrackedStorage> storage = storage_of(tensor);
  if (storage == nullptr) storage = add_storage(tensor, true);
  return add(tensor, std::move(storage));
}

bool TensorTracker::knows(const at::Tensor& tensor) const { return tensors_.count(tensor.unsafeGetTensorImpl()) != 0; }

bool TensorTracker::shares_known_storage(const at::Tensor& tensor) const { return storage_of(tensor) != nullptr; }

void TensorTracker::add_input(const at::Tensor& tensor, TensorId id) { add_fresh(tensor, Dependence::data, id); }

void TensorTracker::add_fresh(const at::Tensor& tensor, Dependence dependence, std::optional<TensorId> id) {
  const Tracked tracked = add(tensor, add_storage(tensor, false));
  tracked->dependence = dependence;
  tracked->id = id;
}

void TensorTracker::add_view(const at::Tensor& tensor, const at::Tensor& parent, View view, Dependence dependence,
                             std::optional<TensorId> id) {
  const Tracked of = find(parent);
  const Tracked tracked = add(tensor, of->storage);
  tracked->parent = of;
  tracked->parent_tensor = parent;
  tracked->view = std::move(view);
  tracked->dependence = dependence;
  tracked->id = id;
}

void TensorTracker::add_stray(const at::Tensor& tensor, Dependence dependence, std::optional<TensorId> id) {
  const Tracked tracked = add(tensor, storage_of(tensor));
  tracked->dependence = dependence;
  tracked->id = id;
}

void TensorTracker::rename(const at::Tensor& tensor, const at::Tensor& other) {
  const Tracked tracked = find(tensor);
  tensors_.erase(tensor.unsafeGetTensorImpl());
  tracked->tensor = c10::weak_intrusive_ptr<at::TensorImpl, c10::UndefinedTensorImpl>(other.getIntrusivePtr());
  tensors_[other.unsafeGetTensorImpl()] = tracked;
}

bool TensorTracker::belongs_to_model(const at::Tensor& tensor) { return find(tensor)->storage->belongs_to_model; }

Dependence TensorTracker::dependence(const at::Tensor& tensor) {
  const Tracked tracked = find(tensor);
  refresh(*tracked);
  return tracked->dependence;
}

TensorId TensorTracker::id(const at::Tensor& tensor) {
  const Tracked tracked = find(tensor);
  refresh(*tracked);
  if (tracked->lost_to) {
    graph::Diagnostic diagnostic;
    diagnostic.reason = graph::Reason::in_place_write;
    diagnostic.op = tracked->lost_to->op;
    diagnostic.message = "it writes through a view, and a tensor of which that view is a part is read afterwards";
    diagnostic.suggestion = "make the new tensor with an operator that returns it (cat, where, masked_fill) instead";
    diagnostic.origin = *tracked->lost_to;
    trace_.add_diagnostic(std::move(diagnostic));
    tracked->lost_to.reset();
    tracked->dependence = Dependence::constant;
    tracked->id.reset();
  }
  return value_of(*tracked, tensor);
}

TensorId TensorTracker::value_of(TrackedTensor& tracked, const at::Tensor& tensor) {
  if (!tracked.id) {
    check(tracked.dependence != Dependence::data, "a tensor that depends on data has an id");
    tracked.id = trace_.add_constant(tensor, tracked.dependence);
    if (!tracked.storage->belongs_to_model) tracked.storage->constants.emplace_back(*tracked.id, tensor);
  }
  return *tracked.id;
}

TensorId TensorTracker::emit(Node node, const std::vector<int64_t>& shape, TensorId like) {
  Tensor description = trace_[like];
  description.constant.reset();
  description.dependence = Dependence::data;
  description.shape = shape;
  const TensorId id = trace_.add_tensor(std::move(description));
  node.results.push_back({id});
  node.origin = trace_.add_origin(current_());
  trace_.add_node(std::move(node));
  return id;
}

TensorId TensorTracker::gather(const View& view, TensorId parent, const std::vector<int64_t>& shape) {
  Node node;
  node.op = "aten::index_select";
  node.arguments = {{"self", {parent}}, {"dim", {view.dimension}}, {"index", {view.place}}};
  std::vector<int64_t> kept = trace_[parent].shape;
  kept[static_cast<size_t>(view.dimension)] = 1;
  return emit(reshape_node(emit(std::move(node), kept, parent), shape), shape, parent);
}

/// The dimension's elements are told apart by a mask: where is its place, and what is there.
TensorId TensorTracker::put_at_place(const View& view, TensorId parent, const std::vector<int64_t>& parent_shape,
                                     TensorId child) {
  const auto dimension = static_cast<size_t>(view.dimension);
  std::vector<int64_t> along(parent_shape.size(), 1), one = parent_shape;
  along[dimension] = parent_shape[dimension];
  one[dimension] = 1;
  const TensorId places =
      trace_.add_constant(at::arange(parent_shape[dimension], at::kLong).view(along), Dependence::constant);
  Node equal;
  equal.op = "aten::eq";
  equal.overload = "Tensor";
  equal.arguments = {{"self", {places}}, {"other", {view.place}}};
  Tensor mask;
  mask.type = graph::ElementType::bool8;
  mask.shape = along;
  const TensorId mask_id = trace_.add_tensor(std::move(mask));
  equal.results = {{mask_id}};
  equal.origin = trace_.add_origin(current_());
  trace_.add_node(std::move(equal));
  Node where;
  where.op = "aten::where";
  where.overload = "self";
  where.arguments = {
      {"condition", {mask_id}}, {"self", {emit(reshape_node(child, one), one, parent)}}, {"other", {parent}}};
  return emit(std::move(where), parent_shape, parent);
}

void TensorTracker::refresh(TrackedTensor& tracked) {
  if (tracked.version == tracked.storage->version) return;
  tracked.version = tracked.storage->version;
  tracked.lost_to.reset();
  if (tracked.parent == nullptr) {
    // Written to through a tensor that is not known as a view of this one.
    tracked.lost_to = tracked.storage->last_write;
    return;
  }
  refresh(*tracked.parent);
  tracked.lost_to = tracked.parent->lost_to;
  tracked.dependence = tracked.parent->dependence;
  tracked.id.reset();
  if (tracked.lost_to || tracked.dependence != Dependence::data) return;
  if (!can_be_repeated(tracked.view)) {
    tracked.lost_to = tracked.storage->last_write;
  } else if (tracked.view.kind == View::Kind::same) {
    tracked.id = tracked.parent->id;
  } else if (tracked.view.kind == View::Kind::select_computed) {
    tracked.id = gather(tracked.view, *tracked.parent->id, tracked.shape);
  } else {
    tracked.id = emit(view_node(tracked.view, *tracked.parent->id, tracked.shape), tracked.shape, *tracked.parent->id);
  }
}

void TensorTracker::before_write(const at::Tensor& tensor, Dependence dependence_after) {
  const Tracked tracked = find(tensor);
  refresh(*tracked);
  keep_bytes(tensor);
  // What the tensor is a view of gets its parts back after the write; where its value is known now, it has to be kept.
  at::Tensor parent_tensor = tracked->parent_tensor;
  for (Tracked parent = tracked->parent; parent != nullptr; parent = parent->parent) {
    refresh(*parent);
    if (!parent->lost_to && dependence_after == Dependence::data) value_of(*parent, parent_tensor);
    parent_tensor = parent->parent_tensor;
  }
  for (const auto& [id, view] : tracked->storage->constants) trace_.detach_constant(id, view);
  tracked->storage->constants.clear();
}

void TensorTracker::after_write(const at::Tensor& tensor, Dependence dependence, std::optional<TensorId> id) {
  const Tracked tracked = find(tensor);
  ++tracked->storage->version;
  tracked->storage->last_write = current_();
  lose_partners(*tracked->storage);
  tracked->version = tracked->storage->version;
  tracked->dependence = dependence;
  tracked->id = id;
  tracked->lost_to.reset();
  tracked->shape = tensor.sizes().vec();
  at::Tensor child_tensor = tensor;
  for (Tracked child = tracked; child->parent != nullptr; child = child->parent) {
    put_back(*child, child_tensor);
    child_tensor = child->parent_tensor;
  }
}

void TensorTracker::put_back(TrackedTensor& child, const at::Tensor& child_tensor) {
  TrackedTensor& parent = *child.parent;
  parent.version = parent.storage->version;
  if (parent.lost_to) return;
  if (child.lost_to || !can_be_scattered(child.view)) {
    parent.lost_to = parent.storage->last_write;
    return;
  }
  if (child.dependence != Dependence::data && parent.dependence != Dependence::data) {
    parent.id.reset();
    return;
  }
  if (child.view.kind == View::Kind::same) {
    parent.dependence = child.dependence;
    parent.id = child.id;
    return;
  }
  const TensorId child_id = value_of(child, child_tensor);
  if (child.view.kind == View::Kind::select_computed) {
    parent.id = put_at_place(child.view, *parent.id, parent.shape, child_id);
    parent.dependence = Dependence::data;
    return;
  }
  parent.id = emit(scatter_node(child.view, *parent.id, parent.shape, child_id), parent.shape, *parent.id);
  parent.dependence = Dependence::data;
}

uint64_t TensorTracker::living_bytes() const {
  uint64_t bytes = 0;
  for (const auto& [key, storage] : storages_) {
    if (storage->belongs_to_model) continue;
    if (const auto alive = storage->storage.lock()) bytes += alive->nbytes();
  }
  return bytes;
}

}  // namespace passerelle::torchscript
