# mail1.lamdong.gov.vn: made by haicap from inventories/lam-dong; a change made here is drift, and is undone
require ["vacation"];
vacation :days 7 :subject "Hộp thư không còn được sử dụng / This mailbox is no longer in use" text:
Người dùng hộp thư này không còn công tác tại đơn vị. Thư của bạn đã được lưu nhưng không có ai đọc.
Vui lòng gửi đến địa chỉ công vụ của đơn vị.

The person of this mailbox has left the office. Your message was kept, but nobody reads it.
Please write to the office's own address.
.
;
