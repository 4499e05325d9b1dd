#include "parallel.h"

#include <algorithm>
#include <exception>
#include <functional>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace passerelle::hostnn {
namespace {

int useful_threads(int64_t count, int64_t least, int threads) {
#ifdef _OPENMP
  if (omp_in_parallel() != 0) return 1;
  return static_cast<int>(std::clamp<int64_t>(count / std::max<int64_t>(least, 1), 1, std::max(threads, 1)));
#else
  return 1;
#endif
}

}  // namespace

void in_parallel(int64_t count, int64_t least, int threads, const std::function<void(int64_t, int64_t)>& work) {
  const int parts = useful_threads(count, least, threads);
  if (parts == 1) return work(0, count);
  std::exception_ptr thrown;
#ifdef _OPENMP
#pragma omp parallel for num_threads(parts) schedule(static, 1)
#endif
  for (int part = 0; part < parts; ++part) {
    try {
      work(count * part / parts, count * (part + 1) / parts);
    } catch (...) {
#ifdef _OPENMP
#pragma omp critical(passerelle_hostnn_parallel)
#endif
      thrown = std::current_exception();
    }
  }
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace passerelle::hostnn
