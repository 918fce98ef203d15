//! `opcodes!`: the one table of the bytecode.
//!
//! A row says everything that is known about an opcode: number, name, the body in [`ops`](crate::ops) that
//! gives its meaning over any [`Machine`](crate::machine::Machine), inline-cache units, how many stack words
//! it takes and leaves (`a` is its argument), the local monitoring event it hosts, and whether it ends the
//! straight line. The interpreter's drivers, the recorder, the site table, `dis` and the debug checks are
//! all derived from it.
//!
//! Numbers up to 128 are CPython 3.14's. Above follow our own: quickened forms (which only ever stand in
//! `live` units, never in `co_code`), PROBE and ENTER_REGION.

use seriema_monitoring::Event;

/// Expands `$callback!` with every row of the table.
#[macro_export]
macro_rules! opcodes {
    ($callback:ident) => {
        $callback! {
            // number NAME body caches (takes -> leaves) event
            9   END_FOR stack::end_for 0 (1 -> 0) [STOP_ITERATION];
            12  FORMAT_SIMPLE string::format_simple 0 (1 -> 1) [];
            13  FORMAT_WITH_SPEC string::format_with_spec 0 (2 -> 1) [];
            21  LOAD_BUILD_CLASS name::load_build_class 0 (0 -> 1) [];
            22  LOAD_LOCALS name::load_locals 0 (0 -> 1) [];
            16  GET_ITER iter::get_iter 0 (1 -> 1) [];
            23  MAKE_FUNCTION func::make_function 0 (1 -> 1) [];
            27  NOP stack::nop 0 (0 -> 0) [];
            28  NOT_TAKEN jump::not_taken 0 (0 -> 0) [BRANCH_LEFT];
            29  POP_EXCEPT exc::pop_except 0 (1 -> 0) [];
            30  POP_ITER iter::pop_iter 0 (1 -> 0) [BRANCH_RIGHT];
            31  POP_TOP stack::pop_top 0 (1 -> 0) [];
            32  PUSH_EXC_INFO exc::push_exc_info 0 (1 -> 2) [];
            33  PUSH_NULL stack::push_null 0 (0 -> 1) [];
            35  RETURN_VALUE call::return_value 0 (1 -> 0) [PY_RETURN];
            38  STORE_SUBSCR subscr::store_subscr 1 (3 -> 0) [];
            39  TO_BOOL number::to_bool 3 (1 -> 1) [];
            40  UNARY_INVERT number::unary_invert 0 (1 -> 1) [];
            41  UNARY_NEGATIVE number::unary_negative 0 (1 -> 1) [];
            42  UNARY_NOT number::unary_not 0 (1 -> 1) [];
            44  BINARY_OP number::binary_op 5 (2 -> 1) [];
            1   BINARY_SLICE subscr::binary_slice 0 (3 -> 1) [];
            37  STORE_SLICE subscr::store_slice 0 (4 -> 0) [];
            8   DELETE_SUBSCR subscr::delete_subscr 0 (2 -> 0) [];
            2   BUILD_TEMPLATE string::build_template 0 (2 -> 1) [];
            45  BUILD_INTERPOLATION string::build_interpolation 0 (a % 2 + 2 -> 1) [];
            46  BUILD_LIST build::build_list 0 (a -> 1) [];
            47  BUILD_MAP build::build_map 0 (2 * a -> 1) [];
            48  BUILD_SET build::build_set 0 (a -> 1) [];
            49  BUILD_SLICE build::build_slice 0 (a -> 1) [];
            50  BUILD_STRING build::build_string 0 (a -> 1) [];
            51  BUILD_TUPLE build::build_tuple 0 (a -> 1) [];
            52  CALL call::call 3 (a + 2 -> 1) [CALL];
            53  CALL_INTRINSIC_1 build::call_intrinsic_1 0 (1 -> 1) [];
            4   CALL_FUNCTION_EX call::call_function_ex 0 (4 -> 1) [CALL];
            55  CALL_KW call::call_kw 3 (a + 3 -> 1) [CALL];
            6   CHECK_EXC_MATCH exc::check_exc_match 0 (2 -> 2) [];
            56  COMPARE_OP number::compare_op 1 (2 -> 1) [];
            57  CONTAINS_OP subscr::contains_op 1 (2 -> 1) [];
            58  CONVERT_VALUE string::convert_value 0 (1 -> 1) [];
            59  COPY stack::copy 0 (a -> a + 1) [];
            60  COPY_FREE_VARS func::copy_free_vars 0 (0 -> 0) [];
            61  DELETE_ATTR name::delete_attr 0 (1 -> 0) [];
            62  DELETE_DEREF func::delete_deref 0 (0 -> 0) [];
            63  DELETE_FAST stack::delete_fast 0 (0 -> 0) [];
            64  DELETE_GLOBAL name::delete_global 0 (0 -> 0) [];
            65  DELETE_NAME name::delete_name 0 (0 -> 0) [];
            66  DICT_MERGE build::dict_merge 0 (a + 4 -> a + 3) [];
            67  DICT_UPDATE build::dict_update 0 (a + 1 -> a) [];
            69  EXTENDED_ARG stack::extended_arg 0 (0 -> 0) [];
            70  FOR_ITER iter::for_iter 1 (1 -> 2) [BRANCH_LEFT];
            72  IMPORT_FROM name::import_from 0 (1 -> 2) [];
            73  IMPORT_NAME name::import_name 0 (2 -> 1) [];
            74  IS_OP number::is_op 0 (2 -> 1) [];
            75  JUMP_BACKWARD jump::jump_backward 1 (0 -> 0) [JUMP];
            76  JUMP_BACKWARD_NO_INTERRUPT jump::jump_backward_no_interrupt 0 (0 -> 0) [];
            77  JUMP_FORWARD jump::jump_forward 0 (0 -> 0) [JUMP];
            78  LIST_APPEND build::list_append 0 (a + 1 -> a) [];
            79  LIST_EXTEND build::list_extend 0 (a + 1 -> a) [];
            80  LOAD_ATTR name::load_attr 9 (1 -> 1 + (a & 1)) [];
            81  LOAD_COMMON_CONSTANT name::load_common_constant 0 (0 -> 1) [];
            82  LOAD_CONST stack::load_const 0 (0 -> 1) [];
            83  LOAD_DEREF func::load_deref 0 (0 -> 1) [];
            84  LOAD_FAST stack::load_fast 0 (0 -> 1) [];
            85  LOAD_FAST_AND_CLEAR stack::load_fast_and_clear 0 (0 -> 1) [];
            86  LOAD_FAST_BORROW stack::load_fast_borrow 0 (0 -> 1) [];
            87  LOAD_FAST_BORROW_LOAD_FAST_BORROW stack::load_fast_borrow_load_fast_borrow 0 (0 -> 2) [];
            88  LOAD_FAST_CHECK stack::load_fast_check 0 (0 -> 1) [];
            89  LOAD_FAST_LOAD_FAST stack::load_fast_load_fast 0 (0 -> 2) [];
            92  LOAD_GLOBAL name::load_global 4 (0 -> 1 + (a & 1)) [];
            90  LOAD_FROM_DICT_OR_DEREF name::load_from_dict_or_deref 0 (1 -> 1) [];
            91  LOAD_FROM_DICT_OR_GLOBALS name::load_from_dict_or_globals 0 (1 -> 1) [];
            96  LOAD_SUPER_ATTR name::load_super_attr 1 (3 -> 1 + (a & 1)) [CALL];
            93  LOAD_NAME name::load_name 0 (0 -> 1) [];
            94  LOAD_SMALL_INT stack::load_small_int 0 (0 -> 1) [];
            97  MAKE_CELL func::make_cell 0 (0 -> 0) [];
            98  MAP_ADD build::map_add 0 (a + 2 -> a) [];
            100 POP_JUMP_IF_FALSE jump::pop_jump_if_false 1 (1 -> 0) [BRANCH_RIGHT];
            101 POP_JUMP_IF_NONE jump::pop_jump_if_none 1 (1 -> 0) [BRANCH_RIGHT];
            102 POP_JUMP_IF_NOT_NONE jump::pop_jump_if_not_none 1 (1 -> 0) [BRANCH_RIGHT];
            103 POP_JUMP_IF_TRUE jump::pop_jump_if_true 1 (1 -> 0) [BRANCH_RIGHT];
            104 RAISE_VARARGS exc::raise_varargs 0 (a -> 0) [];
            105 RERAISE exc::reraise 0 (a + 1 -> a) [];
            107 SET_ADD build::set_add 0 (a + 1 -> a) [];
            109 SET_UPDATE build::set_update 0 (a + 1 -> a) [];
            108 SET_FUNCTION_ATTRIBUTE func::set_function_attribute 0 (2 -> 1) [];
            110 STORE_ATTR name::store_attr 4 (2 -> 0) [];
            111 STORE_DEREF func::store_deref 0 (1 -> 0) [];
            112 STORE_FAST stack::store_fast 0 (1 -> 0) [];
            113 STORE_FAST_LOAD_FAST stack::store_fast_load_fast 0 (1 -> 1) [];
            114 STORE_FAST_STORE_FAST stack::store_fast_store_fast 0 (2 -> 0) [];
            115 STORE_GLOBAL name::store_global 0 (1 -> 0) [];
            116 STORE_NAME name::store_name 0 (1 -> 0) [];
            117 SWAP stack::swap 0 (a -> a) [];
            118 UNPACK_EX build::unpack_ex 0 (1 -> (a & 0xff) + (a >> 8) + 1) [];
            119 UNPACK_SEQUENCE build::unpack_sequence 1 (1 -> a) [];
            5   CHECK_EG_MATCH exc::check_eg_match 0 (2 -> 2) [];
            14  GET_AITER generator::get_aiter 0 (1 -> 1) [];
            15  GET_ANEXT generator::get_anext 0 (1 -> 2) [];
            18  GET_LEN pattern::get_len 0 (1 -> 2) [];
            24  MATCH_KEYS pattern::match_keys 0 (2 -> 3) [];
            25  MATCH_MAPPING pattern::match_mapping 0 (1 -> 2) [];
            26  MATCH_SEQUENCE pattern::match_sequence 0 (1 -> 2) [];
            36  SETUP_ANNOTATIONS name::setup_annotations 0 (0 -> 0) [];
            43  WITH_EXCEPT_START exc::with_except_start 0 (5 -> 6) [];
            54  CALL_INTRINSIC_2 build::call_intrinsic_2 0 (2 -> 1) [];
            68  END_ASYNC_FOR generator::end_async_for 0 (2 -> 0) [BRANCH_RIGHT];
            71  GET_AWAITABLE generator::get_awaitable 0 (1 -> 1) [];
            95  LOAD_SPECIAL exc::load_special 0 (1 -> 2) [];
            99  MATCH_CLASS pattern::match_class 0 (3 -> 1) [];
            7   CLEANUP_THROW generator::cleanup_throw 0 (3 -> 2) [];
            10  END_SEND generator::end_send 0 (2 -> 1) [STOP_ITERATION];
            19  GET_YIELD_FROM_ITER generator::get_yield_from_iter 0 (1 -> 1) [];
            34  RETURN_GENERATOR generator::return_generator 0 (0 -> 1) [];
            106 SEND generator::send 1 (2 -> 2) [];
            120 YIELD_VALUE generator::yield_value 0 (1 -> 1) [PY_YIELD];
            128 RESUME call::resume 0 (0 -> 0) [PY_START];

            // ---- quickened: type-specialised
            130 BINARY_OP_ADD_INT number::add_int 5 (2 -> 1) [];
            131 BINARY_OP_SUB_INT number::sub_int 5 (2 -> 1) [];
            132 BINARY_OP_MUL_INT number::mul_int 5 (2 -> 1) [];
            133 BINARY_OP_ADD_FLOAT number::add_float 5 (2 -> 1) [];
            134 BINARY_OP_SUB_FLOAT number::sub_float 5 (2 -> 1) [];
            135 BINARY_OP_MUL_FLOAT number::mul_float 5 (2 -> 1) [];
            136 BINARY_OP_SUBSCR_LIST_INT subscr::subscr_list_int 5 (2 -> 1) [];
            137 COMPARE_OP_INT number::compare_int 1 (2 -> 1) [];
            138 COMPARE_OP_FLOAT number::compare_float 1 (2 -> 1) [];
            139 STORE_SUBSCR_LIST_INT subscr::store_subscr_list_int 1 (3 -> 0) [];
            140 TO_BOOL_BOOL number::to_bool_bool 3 (1 -> 1) [];
            141 LOAD_GLOBAL_CELL name::load_global_cell 4 (0 -> 1 + (a & 1)) [];
            142 FOR_ITER_RANGE iter::for_iter_range 1 (1 -> 2) [];
            143 FOR_ITER_SEQ iter::for_iter_seq 1 (1 -> 2) [];
            144 CALL_PY_EXACT call::call_py_exact 3 (a + 2 -> 1) [];
            145 JUMP_BACKWARD_NO_JIT jump::jump_backward_no_jit 1 (0 -> 0) [];
            146 BINARY_OP_INT number::binary_int 5 (2 -> 1) [];
            167 LOAD_ATTR_SLOT name::load_attr_slot 9 (1 -> 1 + (a & 1)) [];
            168 LOAD_ATTR_METHOD name::load_attr_method 9 (1 -> 2) [];
            169 LOAD_ATTR_METHOD_OF_TYPE name::load_attr_method_of_type 9 (1 -> 2) [];
            170 LOAD_ATTR_CONST name::load_attr_const 9 (1 -> 1 + (a & 1)) [];
            171 LOAD_ATTR_CLASS name::load_attr_class 9 (1 -> 1 + (a & 1)) [];
            172 LOAD_ATTR_MODULE name::load_attr_module 9 (1 -> 1 + (a & 1)) [];
            173 STORE_ATTR_SLOT name::store_attr_slot 4 (2 -> 0) [];
            174 LOAD_ATTR_STATIC name::load_attr_static 9 (1 -> 1 + (a & 1)) [];
            175 LOAD_ATTR_CLASS_METHOD name::load_attr_class_method 9 (1 -> 2) [];
            176 LOAD_ATTR_PROPERTY name::load_attr_property 9 (1 -> 1) [];
            178 UNPACK_SEQUENCE_KNOWN build::unpack_sequence_known 1 (1 -> a) [];
            179 BINARY_OP_SUBSCR_TUPLE_INT subscr::subscr_tuple_int 5 (2 -> 1) [];
            180 BINARY_OP_SUBSCR_DICT subscr::subscr_dict 5 (2 -> 1) [];
            181 LIST_APPEND_PLAIN build::list_append_plain 0 (a + 1 -> a) [];
            182 FOR_ITER_GENERATOR iter::for_iter_generator 1 (1 -> 2) [];
            183 CALL_PY_DEFAULTS call::call_py_defaults 3 (a + 2 -> 1) [];
            185 CALL_GENERATOR call::call_generator 3 (a + 2 -> 1) [];
            184 CALL_CLASS call::call_class 3 (a + 2 -> 1) [];
            177 CALL_BUILTIN call::call_builtin 3 (a + 2 -> 1) [];
            186 CALL_LEN call::call_len 3 (a + 2 -> 1) [];
            187 CALL_ISINSTANCE call::call_isinstance 3 (a + 2 -> 1) [];
            188 CALL_LIST_APPEND call::call_list_append 3 (a + 2 -> 1) [];
            198 CALL_ID call::call_id 3 (a + 2 -> 1) [];
            199 CALL_DICT_GET call::call_dict_get 3 (a + 2 -> 1) [];
            200 RETURN_FROM_GENERATOR call::return_from_generator 0 (1 -> 0) [];
            190 CALL_BOUND_METHOD call::call_bound_method 3 (a + 2 -> 1) [];
            189 CALL_TYPE call::call_type 3 (a + 2 -> 1) [];
            191 BINARY_OP_OBJECTS number::binary_op_objects 5 (2 -> 1) [];
            201 BINARY_OP_ADD_LISTS number::add_lists 5 (2 -> 1) [];
            202 BINARY_SLICE_OBJECT subscr::binary_slice_object 0 (3 -> 1) [];
            192 COMPARE_OP_OBJECTS number::compare_op_objects 1 (2 -> 1) [];
            193 CONTAINS_OP_OBJECTS subscr::contains_op_objects 1 (2 -> 1) [];
            195 LOAD_ATTR_FIELD name::load_attr_field 9 (1 -> 1 + (a & 1)) [];
            197 STORE_SUBSCR_OBJECT subscr::store_subscr_object 1 (3 -> 0) [];
            194 FOR_ITER_OBJECT iter::for_iter_object 1 (1 -> 2) [];
            // ---- quickened: fused (see `fused_units`)
            150 COMPARE_INT_JUMP number::compare_int_jump 1 (2 -> 0) [];
            151 COMPARE_FLOAT_JUMP number::compare_float_jump 1 (2 -> 0) [];
            152 FOR_RANGE_STORE iter::for_range_store 1 (1 -> 1) [];
            153 LOAD2_COMPARE_INT_JUMP number::load2_compare_int_jump 0 (0 -> 0) [];
            154 LOAD2_ADD_INT number::load2_add_int 0 (0 -> 1) [];
            155 ADD_INT_STORE number::add_int_store 5 (2 -> 0) [];
            156 TO_BOOL_JUMP number::to_bool_jump 3 (1 -> 0) [];
            157 LOAD_SMALL_ADD_INT number::load_small_add_int 0 (1 -> 1) [];
            158 LOAD2_MUL_FLOAT number::load2_mul_float 0 (0 -> 1) [];
            159 LOAD2_ADD_INT_STORE number::load2_add_int_store 0 (0 -> 0) [];
            160 LOAD_SMALL_SUB_INT number::load_small_sub_int 0 (1 -> 1) [];
            161 LOAD_SMALL_ADD_INT_STORE number::load_small_add_int_store 0 (1 -> 0) [];
            162 LOAD_SMALL_COMPARE_INT_JUMP number::load_small_compare_int_jump 0 (1 -> 0) [];
            163 LOAD_ADD_FLOAT number::load_add_float 0 (1 -> 1) [];
            164 LOAD_SUB_FLOAT number::load_sub_float 0 (1 -> 1) [];
            165 LOAD_MUL_FLOAT number::load_mul_float 0 (1 -> 1) [];
            166 CONST_MUL_FLOAT number::const_mul_float 0 (1 -> 1) [];
            196 LOAD_FAST_ATTR_SLOT name::load_fast_attr_slot 0 (0 -> 1) [];

            254 PROBE stack::probe 0 (0 -> 0) [];
            255 ENTER_REGION jump::enter_region 1 (0 -> 0) [];
        }
    };
}

macro_rules! define {
    ($($num:literal $name:ident $module:ident :: $body:ident $caches:literal ($takes:expr => $leaves:expr) [$($event:ident)?];)*) => {};
    ($($num:literal $name:ident $module:ident :: $body:ident $caches:literal ($($effect:tt)*) [$($event:ident)?];)*) => {
        $(pub const $name: u8 = $num;)*

        const CACHE_TABLE: [u8; 256] = {
            let mut t = [0; 256];
            $(t[$num] = $caches;)*
            t
        };
        const KNOWN: [bool; 256] = {
            let mut t = [false; 256];
            $(t[$num] = true;)*
            t
        };

        /// The local event a base instruction hosts (RESUME: PY_START or PY_RESUME by its argument).
        pub fn hosted_event(op: u8, arg: u32) -> Option<Event> {
            match op {
                RESUME if arg & 3 != 0 => Some(Event::PyResume),
                $($($num => Some(define!(@event $event)),)?)*
                _ => None,
            }
        }
        fn own_name(op: u8) -> Option<&'static str> {
            match op { $($num => Some(stringify!($name)),)* _ => None }
        }
    };
    (@event STOP_ITERATION) => { Event::StopIteration };
    (@event BRANCH_LEFT) => { Event::BranchLeft };
    (@event BRANCH_RIGHT) => { Event::BranchRight };
    (@event PY_YIELD) => { Event::PyYield };
    (@event PY_RETURN) => { Event::PyReturn };
    (@event PY_START) => { Event::PyStart };
    (@event CALL) => { Event::Call };
    (@event JUMP) => { Event::Jump };
}
opcodes!(define);

/// Inline-cache units after an opcode.
#[inline(always)]
pub const fn caches(op: u8) -> usize {
    CACHE_TABLE[op as usize] as usize
}

/// Is the opcode implemented?
pub const fn known(op: u8) -> bool {
    KNOWN[op as usize]
}

/// How many units a fused opcode stands for, itself and its caches included: the sites it covers are the
/// instructions in that span. 0 for an opcode that is not fused.
#[inline]
pub const fn fused_units(op: u8) -> usize {
    match op {
        LOAD_FAST_ATTR_SLOT => 1 + 10,
        // The others are numbered in a row.
        _ if op < COMPARE_INT_JUMP || op > CONST_MUL_FLOAT => 0,
        COMPARE_INT_JUMP | COMPARE_FLOAT_JUMP => 2 + 2 + 1,
        FOR_RANGE_STORE => 2 + 1,
        LOAD2_COMPARE_INT_JUMP => 1 + 2 + 2 + 1,
        LOAD2_ADD_INT | LOAD2_MUL_FLOAT => 1 + 6,
        ADD_INT_STORE => 6 + 1,
        TO_BOOL_JUMP => 4 + 2 + 1,
        LOAD_SMALL_ADD_INT | LOAD_SMALL_SUB_INT => 1 + 6,
        LOAD_ADD_FLOAT | LOAD_SUB_FLOAT | LOAD_MUL_FLOAT | CONST_MUL_FLOAT => 1 + 6,
        LOAD2_ADD_INT_STORE | LOAD_SMALL_ADD_INT_STORE => 1 + 6 + 1,
        LOAD_SMALL_COMPARE_INT_JUMP => 1 + 2 + 2 + 1,
        _ => 0,
    }
}

/// The most that [`fused_units`] answers.
pub const MOST_FUSED: usize = 11;

/// Name for dumps and for the error about an opcode that is not implemented.
pub fn name(op: u8) -> String {
    match own_name(op) {
        Some(n) => n.to_owned(),
        None => match UNSUPPORTED.iter().find(|(n, _)| *n == op) {
            Some((_, n)) => (*n).to_owned(),
            None => format!("opcode {op}"),
        },
    }
}

/// CPython 3.14's opcodes that have no body yet.
const UNSUPPORTED: &[(u8, &str)] = &[(11, "EXIT_INIT_CHECK")];

/// Operators of BINARY_OP, in CPython's numbering; in-place forms are 13 higher.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum BinOp {
    Add,
    And,
    FloorDivide,
    Lshift,
    MatrixMultiply,
    Multiply,
    Remainder,
    Or,
    Power,
    Rshift,
    Subtract,
    TrueDivide,
    Xor,
}

pub const NB_INPLACE: u32 = 13;
pub const NB_SUBSCR: u32 = 26;

impl BinOp {
    /// Operator of a BINARY_OP argument (which is not NB_SUBSCR).
    #[inline(always)]
    pub const fn of(arg: u32) -> BinOp {
        use BinOp::*;
        const ALL: [BinOp; 13] = [
            Add,
            And,
            FloorDivide,
            Lshift,
            MatrixMultiply,
            Multiply,
            Remainder,
            Or,
            Power,
            Rshift,
            Subtract,
            TrueDivide,
            Xor,
        ];
        ALL[(arg % NB_INPLACE) as usize]
    }
    pub const fn symbol(self) -> &'static str {
        use BinOp::*;
        match self {
            Add => "+",
            And => "&",
            FloorDivide => "//",
            Lshift => "<<",
            MatrixMultiply => "@",
            Multiply => "*",
            Remainder => "%",
            Or => "|",
            Power => "** or pow()",
            Rshift => ">>",
            Subtract => "-",
            TrueDivide => "/",
            Xor => "^",
        }
    }
}

/// Comparisons of COMPARE_OP (argument >> 5; bit 4 asks for a bool).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum CmpOp {
    Lt,
    Le,
    Eq,
    Ne,
    Gt,
    Ge,
}

impl CmpOp {
    #[inline(always)]
    pub const fn of(arg: u32) -> CmpOp {
        use CmpOp::*;
        const ALL: [CmpOp; 8] = [Lt, Le, Eq, Ne, Gt, Ge, Ge, Ge];
        ALL[(arg >> 5 & 7) as usize]
    }
    pub const fn symbol(self) -> &'static str {
        ["<", "<=", "==", "!=", ">", ">="][self as usize]
    }
}
