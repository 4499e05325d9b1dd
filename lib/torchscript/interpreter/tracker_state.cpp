// What the tracker knew, to go back to: each branch of a condition on data begins where the other began.
#include <set>

#include "tensor_tracker.h"

namespace passerelle::torchscript {
namespace {

/// All bytes of a tensor's storage.
at::Tensor memory_of(const at::Tensor& tensor) {
  const auto size = static_cast<int64_t>(tensor.storage().nbytes());
  return at::empty({0}, at::TensorOptions().dtype(at::kByte)).set_(tensor.storage(), 0, {size}, {1});
}

/// Copies tensors and storages with what they point at, each once.
class Copier {
 public:
  std::shared_ptr<TrackedStorage> storage(const std::shared_ptr<TrackedStorage>& original) {
    std::shared_ptr<TrackedStorage>& known = storages_[original.get()];
    if (!known) known = std::make_shared<TrackedStorage>(*original);
    return known;
  }

  std::shared_ptr<TrackedTensor> tensor(const std::shared_ptr<TrackedTensor>& original) {
    if (!original) return nullptr;
    if (const auto known = tensors_.find(original.get()); known != tensors_.end()) return known->second;
    auto copy = std::make_shared<TrackedTensor>(*original);
    copy->storage = storage(original->storage);
    copy->parent = tensor(original->parent);
    return tensors_[original.get()] = std::move(copy);
  }

 private:
  std::unordered_map<const TrackedStorage*, std::shared_ptr<TrackedStorage>> storages_;
  std::unordered_map<const TrackedTensor*, std::shared_ptr<TrackedTensor>> tensors_;
};

}  // namespace

TensorTracker::State TensorTracker::copy(const Tensors& tensors, const Storages& storages) {
  State state;
  Copier copier;
  for (const auto& [key, storage] : storages) state.storages[key] = copier.storage(storage);
  for (const auto& [key, tracked] : tensors) state.tensors[key] = copier.tensor(tracked);
  return state;
}

void TensorTracker::keep_bytes(const at::Tensor& tensor) {
  if (!tensor.has_storage()) return;
  const c10::StorageImpl* const key = tensor.storage().unsafeGetStorageImpl();
  for (auto& journal : journals_) {
    Kept& kept = journal[key];
    if (kept.memory.defined()) continue;
    kept.memory = memory_of(tensor);
    kept.bytes = kept.memory.clone();
  }
}

void TensorTracker::go_back(const State& state) {
  State before = copy(state.tensors, state.storages);
  // A constant of the trace that views a storage's bytes has to be told of later writes, whenever it was made.
  for (auto& [key, storage] : before.storages) {
    const auto now = storages_.find(key);
    if (now == storages_.end()) continue;
    std::set<TensorId> known;
    for (const auto& constant : storage->constants) known.insert(constant.first);
    for (const auto& constant : now->second->constants)
      if (known.insert(constant.first).second) storage->constants.push_back(constant);
  }
  tensors_ = std::move(before.tensors);
  storages_ = std::move(before.storages);
  for (auto& [key, kept] : journals_.back()) kept.memory.copy_(kept.bytes);
  journals_.pop_back();
}

std::vector<at::Tensor> TensorTracker::written_since(const State& state) const {
  std::vector<at::Tensor> written;
  for (const auto& [key, tracked] : tensors_) {
    if (tracked->parent || !tracked->storage) continue;
    const auto before = state.tensors.find(key);
    if (before == state.tensors.end() || before->second->storage->version == tracked->storage->version) continue;
    if (const auto alive = tracked->tensor.lock()) written.emplace_back(alive);
  }
  return written;
}

bool TensorTracker::shares_storage_of(const State& state, const at::Tensor& tensor) const {
  return tensor.has_storage() && state.storages.count(tensor.storage().unsafeGetStorageImpl()) != 0;
}

void TensorTracker::lose(const at::Tensor& tensor) {
  const Tracked tracked = find(tensor);
  ++tracked->storage->version;
  tracked->storage->last_write = current_();
  for (Tracked each = tracked; each != nullptr; each = each->parent) {
    each->version = tracked->storage->version;
    each->lost_to = tracked->storage->last_write;
  }
}

void TensorTracker::link(const at::Tensor& one, const at::Tensor& other) {
  const std::shared_ptr<TrackedStorage> first = storage_of(one), second = storage_of(other);
  if (!first || !second || first == second) return;
  first->partners.push_back(other.storage().unsafeGetStorageImpl());
  second->partners.push_back(one.storage().unsafeGetStorageImpl());
}

void TensorTracker::lose_partners(const TrackedStorage& storage) {
  for (const c10::StorageImpl* key : storage.partners) {
    const auto partner = storages_.find(key);
    if (partner == storages_.end()) continue;
    ++partner->second->version;
    partner->second->last_write = storage.last_write;
  }
}

}  // namespace passerelle::torchscript
