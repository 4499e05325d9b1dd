#include "passerelle/trace/refusals.h"

#include "passerelle/graph/ways_out.h"

namespace passerelle::trace {
namespace {

namespace way_out = graph::way_out;

// The first row that has a name counts: families with a * stand behind what is said of one of theirs by name.
constexpr Refusal refusals[] = {
    // --- Not meant for inference.
    {Fate::not_inference, "it plays integers in floats, as training needs them", way_out::make_integers,
     R"(fake_quantize_per_tensor_affine fake_quantize_per_channel_affine fake_quantize_per_*_affine_cachemask
        _fake_quantize_learnable_per_tensor_affine _fake_quantize_learnable_per_channel_affine
        _fake_quantize_per_tensor_affine_cachemask_tensor_qparams)"},
    {Fate::not_inference, "it belongs to training", way_out::eval_first,
     R"(*_backward *_backward_* *_jvp _foreach_* _fused_adagrad* _fused_adam* _fused_sgd*
        _fused_moving_avg_obs_fq_helper* fused_moving_avg_obs_fake_quant _amp_* _batch_norm_with_update*
        _native_batch_norm_legit_functional batch_norm_elemt batch_norm_gather_stats* batch_norm_stats
        batch_norm_update_stats rrelu_with_noise*
        native_dropout _fused_dropout _masked_scale _cudnn_init_dropout_state _fill_mem_eff_dropout_mask_
        _no_grad_* embedding_renorm* renorm renorm_ _dirichlet_grad _standard_gamma_grad _thnn_fused_*
        _grad_sum_to_size gradient grad backward
        get_gradients retain_grad retains_grad requires_grad_ _rowwise_prune)"},
    {Fate::not_inference, "it is a part of PyTorch's own machinery", nullptr,
     R"(_fw_primal* _make_dual* _unpack_dual _add_batch_dim _remove_batch_dim output_nr _version set_data
        _get_tracing_state confirmed_by_owner is_owner owner owner_name local_value to_here wait record_stream
        _has_compatible_shallow_copy_type _has_same_storage_numel _debug_has_internal_overlap _is_zerotensor
        _test_* _foobar _make_dep_token _functional_* _propagate_xla_data shallow_copy_data_ hash_tensor
        is_distributed is_vulkan_available get_autocast_dtype _autocast_to_* _get_cpu_capability
        _new_zeros_with_same_feature_meta _efficientzerotensor _ncf_* _reshape_from_tensor _sobol_* slice_inverse
        _fused_sdp_choice _validate_* _linalg_check_errors sym_is_contiguous has_torch_function
        _chunk_cat flatten_dense_tensors unflatten_dense_tensors _dim_arange from_file save)"},
    {Fate::not_inference, "it is for another device than a phone's CPU", nullptr,
     R"(cudnn_* _cudnn_* miopen_* mkldnn_* _mkldnn_* *_mps* _cufft_* _nnpack_* _cslt_*
        _sparse_semi_structured_* _to_sparse_semi_structured cuda _triton_* _use_cudnn* _use_miopen* to_mkldnn
        _flash_attention_* _efficient_attention_* _to_cpu pin_memory _pin_memory is_pinned
        _copy_from _copy_from_and_resize convolution_overrideable _scaled_dot_product_fused_attention_overrideable
        _saturate_weight_to_fp16
        _lu_with_info _transform_bias_rescale_qkv chalf)"},
    {Fate::not_inference, "it works on nested tensors, which NNAPI lacks", way_out::without_nested,
     R"(_nested_* nested_* *jagged* to_padded_tensor)"},
    {Fate::not_inference, "it works on sparse tensors, which NNAPI lacks", nullptr,
     R"(*sparse* *csr* _spdiags _spsolve smm sspaddmm hspmm _nnz _indices* _values* indices indices_copy values
        values_copy ccol_* col_indices* crow_* row_indices* _coalesce* coalesce is_coalesced _dimI _dimV dense_dim
        to_dense _to_dense)"},

    // --- Run while the model is converted.
    {Fate::converted_away, "it works on Python's values, which are not known before the model runs", nullptr,
     R"(Bool Complex ComplexImplicit Delete Float FloatImplicit Int IntImplicit ScalarImplicit Size __contains__
        __derive_index __getitem__ __is__ __isnot__ __not__ __range_length __round_to_zero_floordiv _infer_size
        _list_to_tensor _set_item _size_if_not_equal _tensor_to_list _unwrap_optional append bin capitalize center chr
        clear count cpu degrees device dict divmod endswith equal expandtabs extend fabs factorial find floordiv
        format gamma get get_device hash hex insert is_* isal* isde* isdi* isid* islower isnumeric isprintable
        isspace istitle isupper item items join keys len list ljust lower lstrip
        mathremainder modf oct ord partition percentFormat pop popitem radians remove replace reverse rfind rindex
        rjust rpartition rsplit rstrip setdefault sorted splitlines startswith str strip swapcase title update upper
        zfill _local_scalar_dense as_tensor tensor broadcast_shapes _assert_* _print warn
        sym_constrain_range* set_grad_enabled)"},
    {Fate::converted_away, "it reads a tensor's shape or type, which is not known before the model runs", nullptr,
     R"(_shape_as_tensor can_cast dim element_size numel promote_types q_* qscheme result_type size
        storage_offset stride sym_* data)"},
    {Fate::converted_away, "it makes a tensor whose shape is not known before the model runs", nullptr,
     R"(arange bartlett_window blackman_window empty empty_like empty_permuted empty_quantized empty_strided
        _empty_* eye full full_like hamming_window hann_window kaiser_window linspace logspace new_empty
        new_empty_strided new_full new_ones new_zeros ones ones_like range scalar_tensor tril_indices triu_indices
        vander linalg_vander zeros zeros_like fft_fftfreq fft_rfftfreq _make_per_channel_quantized_tensor
        _make_per_tensor_quantized_tensor)"},
    {Fate::converted_away, "it gives the tensor that it is given, which this model uses as something else", nullptr,
     R"(alias_copy detach_copy lift lift_fresh_copy positive resolve_conj resolve_neg _lazy_clone set_ _neg_view*)"},

    // --- Refused.
    {Fate::refused, "it sums exponentials, and no rewrite of it is safe from overflow", way_out::logcumsumexp,
     "logcumsumexp _logcumsumexp"},
    {Fate::refused, "NNAPI has no Fourier transform", way_out::fourier_filters, "stft"},
    {Fate::refused, "NNAPI has no Fourier transform", nullptr, "istft"},
    {Fate::refused, "NNAPI has no Fourier transform", way_out::fourier_products, "fft_* _fft_*"},
    {Fate::refused, "NNAPI has no complex numbers", way_out::real_parts,
     R"(angle complex conj conj_physical conj_physical_ _conj_physical real polar view_as_complex*
        view_as_real* imag _conj _conj_copy)"},
    {Fate::refused, "it draws random numbers", way_out::random_input,
     R"(bernoulli* binomial cauchy* exponential* geometric* log_normal* multinomial normal* poisson rand rand_like
        randint* randn* random* randperm uniform* _philox_* manual_seed seed initial_seed Generator _sample_dirichlet
        _standard_gamma)"},
    {Fate::refused, "NNAPI can't factor, invert or solve a matrix", nullptr,
     R"(linalg_* _linalg_* cholesky* _cholesky_* det logdet slogdet inverse pinverse lu_solve lu_unpack
        matrix_exp triangular_solve svd geqrf orgqr ormqr nuclear_norm _compute_linear_combination)"},
    {Fate::refused, "NNAPI has no such special function, and no short form of it is known", nullptr,
     R"(special_* digamma* erfinv* i0 i0_ igamma* lgamma* mvlgamma* polygamma*)"},
    {Fate::refused, "the shape of its result depends on the data", way_out::cut_before,
     R"(argwhere bincount masked_select nonzero nonzero_* _unique _unique2 unique_* combinations histc histogram*
        _histogramdd_* _pack_padded_sequence _pad_packed_sequence _pack_sequence pad_sequence segment_reduce)"},
    {Fate::refused, "it is about single bits", way_out::bits_by_arithmetic,
     R"(bitwise_left_shift* bitwise_right_shift* __lshift__ __rshift__ __ilshift__ __irshift__)"},
    {Fate::refused, "it takes numbers apart, which NNAPI can't", nullptr,
     "nextafter* frexp signbit gcd* lcm* ldexp* heaviside* copysign*"},
    {Fate::refused, "its scales come from the data, and NNAPI's are fixed", way_out::static_scale,
     "choose_qparams_optimized _choose_qparams_per_tensor"},
    {Fate::refused, "it multiplies integers that are packed for one processor's own instructions", nullptr,
     R"(_weight_int4pack_mm* _convert_weight_to_int4pack* _dyn_quant_* _wrapped_* _mixed_dtypes_linear _scaled_mm*
        _scaled_grouped_mm* _grouped_mm _weight_int8pack_mm _int_mm fbgemm_*)"},
    {Fate::refused, "it is a loss, which training reads", nullptr,
     R"(*_loss *_loss_forward binary_cross_entropy* kl_div)"},
    {Fate::refused, "where a result lies in memory decides about it", nullptr,
     R"(as_strided* resize* _resize_output* set _reshape_alias_copy)"},
    {Fate::refused, "it chooses a scale for its input as it runs (dynamic quantization), and NNAPI's are fixed",
     way_out::static_scale, "quantized_gru* quantized_lstm* quantized_rnn_relu_cell quantized_rnn_tanh_cell"},
    {Fate::refused, "it draws the windows at random", way_out::random_input, "fractional_max_pool*"},
    {Fate::refused, "it writes to places that are computed, and NNAPI reads from such alone", way_out::mask_places,
     "index_reduce* put put_ _unsafe_index_put _unsafe_masked_index_put_accumulate"},
    {Fate::refused, "it puts numbers at the places that a pooling found, and NNAPI's poolings give none",
     way_out::values_alone, "max_unpool*"},
    {Fate::refused, "NNAPI resizes and samples pictures, not volumes", nullptr, "grid_sampler_3d"},
    {Fate::refused, "it orders values to find one, and no rewrite of it is known", nullptr,
     "mode nanmedian nanquantile quantile"},
    {Fate::refused, "it is an inner form of another operator, and no rewrite of this form is known", nullptr,
     R"(_add_relu* _addmm_activation _aminmax _cdist_forward _conv_depthwise2d _cummax_helper _cummin_helper
        _embedding_bag_forward_only _euclidean_dist _grid_sampler_2d_cpu_fallback _masked_softmax _pdist_forward
        _scaled_dot_product_attention_math _slow_conv2d_forward _stack _trilinear _unsafe_masked_index
        _weight_norm* norm_except_dim __interpolate __upsample* conv_depthwise3d log_sigmoid_forward native_norm
        quantized_batch_norm quantized_max_pool* slow_conv* thnn_conv2d)"},
    {Fate::refused, "it can be written with a few other operators, and has to be", way_out::other_operators,
     R"(allclose conv_tbc corrcoef cov cumulative_trapezoid diagonal_scatter fill_diagonal_ fmax fmin isclose isneginf
        isposinf isreal pdist sinc* sum_to_size trapezoid trapz xlogy*)"},
};

bool is_blank(char character) { return character == ' ' || character == '\n'; }

/// Whether the name is what the pattern says.
bool fits(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern.front() != '*')
    return !name.empty() && name.front() == pattern.front() && fits(pattern.substr(1), name.substr(1));
  for (size_t skipped = 0; skipped <= name.size(); ++skipped)
    if (fits(pattern.substr(1), name.substr(skipped))) return true;
  return false;
}

bool has(const Refusal& refusal, std::string_view name) {
  std::string_view rest = refusal.names;
  while (!rest.empty()) {
    size_t end = 0;
    while (end < rest.size() && !is_blank(rest[end])) ++end;
    if (end > 0 && fits(rest.substr(0, end), name)) return true;
    rest.remove_prefix(end < rest.size() ? end + 1 : end);
  }
  return false;
}

}  // namespace

const Refusal* refusal_of(std::string_view op) {
  constexpr std::string_view prefix = "aten::";
  if (op.substr(0, prefix.size()) != prefix) return nullptr;
  for (const Refusal& refusal : refusals)
    if (has(refusal, op.substr(prefix.size()))) return &refusal;
  return nullptr;
}

}  // namespace passerelle::trace
